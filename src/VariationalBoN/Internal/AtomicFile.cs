namespace VariationalBoN.Internal;

/// <summary>A file that is written whole or not at all: a temporary neighbour is written,
/// flushed to disk and moved over the target. Not thread-safe.</summary>
internal sealed class AtomicFile : IDisposable
{
    private readonly string _path,
        _temporary;
    private readonly FileStream _file;
    private readonly BufferedStream _content; // never disposed of: that would write what a failed write left in it

    /// <summary>Begins the file; without <see cref="Commit"/> nothing is left of it.</summary>
    public AtomicFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.GetFullPath(path);
        Leftovers.Delete(_path);
        _temporary = Leftovers.NewNameFor(_path);
        // open until it is renamed
        _file = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Delete, bufferSize: 0);
        _content = new BufferedStream(_file, 1 << 16);
    }

    /// <summary>Takes the content; can be sought in.</summary>
    public Stream Content => _content;

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content into a stream that can be sought in.</param>
    public static void Write(string path, Action<Stream> write)
    {
        using var file = new AtomicFile(path);
        try
        {
            write(file.Content);
            file.Commit();
        }
        catch (Exception e) when (FileSizeLimit.IsReached(e))
        {
            throw FileSizeLimit.At(path, e);
        }
    }

    /// <summary>Puts the file in its place.</summary>
    /// <exception cref="IOException">It could not be written or brought to the disk.</exception>
    public void Commit()
    {
        _content.Flush();
        Disk.Flush(_file);
        Disk.Rename(_temporary, _path);
        _file.Dispose();
        Disk.FlushFolder(Path.GetDirectoryName(_path)!);
    }

    public void Dispose()
    {
        _file.Dispose();
        Disk.TryDelete(_temporary);
    }
}
