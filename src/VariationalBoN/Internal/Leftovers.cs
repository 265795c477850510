namespace VariationalBoN.Internal;

/// <summary>
/// The temporary neighbours of what is being saved: <c>name.(32 digits).tmp</c>. Who saves holds them open, so that those of a process that
/// was killed are told from those of one that lives; not every file system knows,
/// so that what was written of late stays, too. Stateless, thread-safe.
/// </summary>
internal static class Leftovers
{
    private const string Ending = ".tmp";
    private const int Digits = 32;
    private static readonly TimeSpan s_young = TimeSpan.FromMinutes(1); // its process may be about to take hold of it
    private static readonly EnumerationOptions s_all = new()
    {
        MatchType = MatchType.Simple,
        AttributesToSkip = 0,
        IgnoreInaccessible = true,
    };

    /// <summary>A name beside a path that nothing has.</summary>
    public static string NewNameFor(string path) => $"{path}.{Guid.NewGuid():N}{Ending}";

    /// <summary>Deletes the files that killed processes left beside a file.</summary>
    public static void Delete(string path)
    {
        foreach (string left in Of(path).Where(File.Exists).Where(IsOld).Where(IsFree))
            Disk.TryDelete(left);
    }

    /// <summary>What lies beside a path under such names.</summary>
    public static IEnumerable<string> Of(string path)
    {
        string folder = Path.GetDirectoryName(path)!,
            name = Path.GetFileName(path);
        return !Directory.Exists(folder)
            ? []
            : [.. Directory.EnumerateFileSystemEntries(folder, "*" + Ending, s_all).Where(found => IsOf(Path.GetFileName(found), name))];
    }

    /// <summary>Whether nobody has a file open.</summary>
    public static bool IsFree(string path)
    {
        try
        {
            new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool IsOld(string path) => DateTime.UtcNow - File.GetLastWriteTimeUtc(path) > s_young;

    private static bool IsOf(string found, string name) =>
        found.Length == name.Length + 1 + Digits + Ending.Length
        && found.StartsWith(name, StringComparison.Ordinal)
        && found[name.Length] == '.'
        && found.Skip(name.Length + 1).Take(Digits).All(char.IsAsciiHexDigitLower);
}
