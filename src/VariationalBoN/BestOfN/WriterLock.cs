namespace VariationalBoN.BestOfN;

/// <summary>One writer for each cache: an open file that no other process, and nothing else in this one, can open. It ends with its process, however that ends.</summary>
internal static class WriterLock
{
    public const string FileName = "writer.lock";

    /// <summary>Takes the lock of a folder.</summary>
    /// <returns>The lock; dispose to let go.</returns>
    /// <exception cref="IOException">Another writer has it.</exception>
    public static FileStream Take(string folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            throw new IOException($"The reference cache {folder} is being written by another process, or by another {nameof(ReferenceStore)} of this one. Wait until that has ended, or write to a folder of your own and join the two with {nameof(ReferenceStore)}.{nameof(ReferenceStore.Merge)}. ({e.Message})", e);
        }
    }
}
