using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>
/// One writer for each store: an open file beside it that no other process, and nothing else in this one, can open. It ends with its
/// process, however that ends. Stateless, thread-safe.
/// </summary>
internal static class StoreLock
{
    /// <summary>The file of the lock: empty, and left behind, since taking it away could let two writers in.</summary>
    public static string FileOf(string path) => path + "-writer";

    /// <summary>Takes the lock of a store.</summary>
    /// <returns>The lock; dispose to let go.</returns>
    /// <exception cref="IOException">Another writer has it, or the folder cannot be written.</exception>
    public static FileStream Take(string path)
    {
        try
        {
            return new FileStream(FileOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (SharingViolation.Is(e))
        {
            throw new IOException(
                $"The store {path} is being written by another process, or by another {nameof(ReferenceStore)} of this one. Wait until "
                    + "that has ended, or write to a store of your own and join the two with "
                    + $"{nameof(ReferenceStore)}.{nameof(ReferenceStore.Merge)}. ({e.Message})",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException(
                $"The store {path} cannot be written: its lock {FileOf(path)} cannot be opened ({e.Message}) Make the folder writable, or "
                    + "write to a store of your own.",
                e
            );
        }
    }
}
