namespace VariationalBoN;

/// <summary>Writes a file whole or not at all: a temporary neighbour is written, flushed to disk and moved over the target.</summary>
internal static class AtomicFile
{
    /// <summary>Writes the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content into a stream that can be sought in.</param>
    /// <param name="flushToDisk">False for what is made anew from other files when it is damaged.</param>
    public static void Write(string path, Action<Stream> write, bool flushToDisk = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(stream);
                stream.Flush(flushToDisk);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e)
        {
            File.Delete(temporary);
            if (FileSizeLimit.IsReached(e))
                throw FileSizeLimit.At(path, e);
            throw;
        }
    }
}
