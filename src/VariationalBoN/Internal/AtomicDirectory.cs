namespace VariationalBoN.Internal;

/// <summary>Writes the files of a directory whole or not at all.</summary>
/// <remarks>
/// Everything is written and flushed beside the target first. A new directory then appears by one rename. In a directory that holds files,
/// each new one replaces its namesake by a rename, those listed as last after all others; a failure to write leaves the old ones alone.
/// </remarks>
internal static class AtomicDirectory
{
    /// <summary>Writes a set of files.</summary>
    /// <param name="path">Path of the directory; made when it is not there.</param>
    /// <param name="write">Writes the files into the directory that it is given.</param>
    /// <param name="isStale">Whether a file that is there and was not written again must go, since readers would take it for part of the set.</param>
    /// <param name="last">Names of the files without which readers do not believe the others, in order of their appearance.</param>
    public static void Write(string path, Action<string> write, Func<string, bool> isStale, params string[] last)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        bool isNew = !Directory.Exists(path);
        string staging = Path.Combine(isNew ? Path.GetDirectoryName(path) ?? path : path, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(staging);
            write(staging);
            if (isNew)
                Directory.Move(staging, path);
            else
                MoveFiles(staging, path, isStale, last);
        }
        finally
        {
            if (Directory.Exists(staging))
                Directory.Delete(staging, recursive: true);
        }
    }

    private static void MoveFiles(string staging, string path, Func<string, bool> isStale, string[] last)
    {
        string[] written =
        [
            .. Directory.GetFiles(staging, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(staging, file)).OrderBy(name => Array.IndexOf(last, name)),
        ];
        foreach (string folder in Directory.GetDirectories(staging, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(path, Path.GetRelativePath(staging, folder)));
        foreach (string name in written)
            File.Move(Path.Combine(staging, name), Path.Combine(path, name), overwrite: true);
        foreach (string file in Directory.GetFiles(path))
        {
            if (isStale(Path.GetFileName(file)) && !written.Contains(Path.GetFileName(file)))
                File.Delete(file);
        }
    }
}
