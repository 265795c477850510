using SampleHosting;

namespace SentimentControl.Reporting;

/// <summary>
/// The folder of results: everything is written to a folder beside it, which takes its place when all is complete, so that a run that
/// fails or is stopped leaves what was there before. Dispose to throw away what was not completed.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    private readonly string _path;

    private OutputFolder(string path)
    {
        _path = System.IO.Path.GetFullPath(path);
        Path = $"{_path.TrimEnd(System.IO.Path.DirectorySeparatorChar)}.{Guid.NewGuid():N}.tmp";
    }

    /// <summary>Where to write.</summary>
    public string Path { get; }

    /// <summary>Creates the temporary folder: what cannot be written to fails here, before any work.</summary>
    /// <exception cref="UsageException">Nothing can be written there.</exception>
    public static OutputFolder Create(string path)
    {
        if (Directory.Exists(path))
            CommonOptions.RequireWritable("--output", path);
        var folder = new OutputFolder(path);
        try
        {
            Directory.CreateDirectory(folder.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CommonOptions.Unwritable("--output", path, e.Message.Replace(folder.Path, path, StringComparison.Ordinal), e);
        }

        return folder;
    }

    /// <summary>Moves what was written into place, file by file, over older files of the same names; other files stay.</summary>
    public void Complete()
    {
        foreach (string file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            string target = System.IO.Path.Combine(_path, System.IO.Path.GetRelativePath(Path, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            File.Move(file, target, overwrite: true);
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}
