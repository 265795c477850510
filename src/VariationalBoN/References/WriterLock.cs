using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>One writer for each cache: an open file that no other process, and nothing else in this one, can open. It ends with its process, however that ends.</summary>
internal static class WriterLock
{
    public const string FileName = "writer.lock";

    /// <summary>Takes the lock of a folder.</summary>
    /// <returns>The lock; dispose to let go.</returns>
    /// <exception cref="IOException">Another writer has it (see <see cref="IsHeld"/>), or the folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static FileStream Take(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (IsHeld(e))
        {
            throw new IOException($"The reference cache {folder} is being written by another process, or by another {nameof(ReferenceStore)} of this one. Wait until that has ended, or write to a folder of your own and join the two with {nameof(ReferenceStore)}.{nameof(ReferenceStore.Merge)}. ({e.Message})", e);
        }
    }

    /// <summary>Whether a failure to take the lock says that another writer has it, rather than that the folder cannot be written.</summary>
    public static bool IsHeld(Exception e) => e.GetBaseException() is IOException cause && SharingViolation.Is(cause);
}
