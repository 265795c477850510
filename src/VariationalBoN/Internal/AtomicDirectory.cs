namespace VariationalBoN.Internal;

/// <summary>Writes the files of a directory so that readers never take old and new ones for one set.</summary>
/// <remarks>
/// Everything is written and flushed beside the target first. A new directory then appears by one rename. In a directory that holds files,
/// the old ones that differ are moved out, those first without which readers do not believe the others, and only then the new ones are
/// moved in, those last: a kill in between leaves a directory that is refused, never a mixture. Where one file alone differs, one rename
/// replaces it. A failure puts the old files back. What killed processes left is taken away by the next write.
/// </remarks>
internal static class AtomicDirectory
{
    private const string LockName = ".lock",
        AsideName = "replaced";
    private static readonly EnumerationOptions s_shallow = new() { RecurseSubdirectories = true, MaxRecursionDepth = 1 };
    private static readonly TimeSpan s_young = TimeSpan.FromMinutes(1); // a process that is about to take the lock of its folder

    /// <summary>Writes a set of files.</summary>
    /// <param name="path">Path of the directory; made when it is not there.</param>
    /// <param name="write">Writes the files into the directory that it is given.</param>
    /// <param name="isStale">Whether a file that is there, in the directory or in a folder of it, and was not written again must go,
    /// since readers would take it for part of the set.</param>
    /// <param name="last">Names of the files without which readers do not believe the others, in order of their appearance.</param>
    /// <exception cref="IOException">Something could not be written;
    /// what was there is as it was, unless the message says otherwise.</exception>
    public static void Write(string path, Action<string> write, Func<string, bool> isStale, params string[] last)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        bool isNew = !Directory.Exists(path);
        string staging = Leftovers.NewNameFor(isNew ? Beside(path) : Within(path));
        foreach (string left in LeftIn(path).Where(left => !HoldsReplaced(left)))
            Disk.TryDelete(left);
        bool isDone = false;
        try
        {
            Disk.CreateFolder(staging);
            using (new FileStream(Path.Combine(staging, LockName), FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(staging);
                if (!isNew)
                    Replace(staging, path, isStale, last);
            }

            if (isNew)
            {
                File.Delete(Path.Combine(staging, LockName));
                Disk.FlushFolder(staging);
                Disk.RenameFolder(staging, path);
                Disk.FlushFolder(Path.GetDirectoryName(path) ?? path);
            }

            foreach (string left in LeftIn(path)) // which hold the only copy of what they replaced until now
                Disk.TryDelete(left);
            isDone = true;
        }
        finally
        {
            if (isDone || !HoldsReplaced(staging))
                Disk.TryDelete(staging);
        }
    }

    /// <summary>The folders that killed processes left while they saved to a directory.</summary>
    public static IEnumerable<string> LeftIn(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return [.. Leftovers.Of(Beside(path)).Concat(Leftovers.Of(Within(path))).Where(IsLeft)];
    }

    private static string Beside(string path) => Path.Combine(Path.GetDirectoryName(path) ?? path, $".{Path.GetFileName(path)}");

    private static string Within(string path) => Path.Combine(path, ".saving"); // found again when the directory has another name by then

    private static bool IsLeft(string folder)
    {
        string held = Path.Combine(folder, LockName);
        return Directory.Exists(folder)
            && (File.Exists(held) ? Leftovers.IsFree(held) : DateTime.UtcNow - Directory.GetLastWriteTimeUtc(folder) > s_young);
    }

    /// <summary>Whether the files that were there are in such a folder, and nowhere else.</summary>
    private static bool HoldsReplaced(string folder) =>
        Path.Combine(folder, AsideName) is var aside
        && Directory.Exists(aside)
        && Directory.EnumerateFiles(aside, "*", SearchOption.AllDirectories).Any();

    /// <summary>Puts the new files in the place of the old ones.</summary>
    private static void Replace(string staging, string path, Func<string, bool> isStale, string[] last)
    {
        string aside = Path.Combine(staging, AsideName);
        string[] written =
        [
            .. Directory
                .GetFiles(staging, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(staging, file))
                .Where(name => name != LockName),
        ];
        string[] different = [.. written.Where(name => !HaveSameContent(Path.Combine(staging, name), Path.Combine(path, name)))];
        string[] stale =
        [
            .. Directory
                .GetFiles(path, "*", s_shallow)
                .Select(file => Path.GetRelativePath(path, file))
                .Where(name => isStale(name) && !written.Contains(name) && !IsInLinked(Path.Combine(path, name))),
        ];
        var moved = new Stack<(string From, string To)>();
        try
        {
            if (different.Length == 1 && stale.Length == 0 && !different[0].Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal))
                Disk.Rename(Path.Combine(staging, different[0]), Path.Combine(path, different[0]));
            else if (different.Length + stale.Length > 0)
                Swap();
            Disk.FlushFolder(path);
        }
        catch (Exception e) when (moved.Count > 0)
        {
            PutBack(e);
            throw;
        }

        bool IsInLinked(string file) =>
            // others may share it
            Path.GetDirectoryName(file)
                is string folder
            && folder != path
            && new DirectoryInfo(folder).LinkTarget is not null;

        int Place(string name) => Array.IndexOf(last, name);

        void Swap()
        {
            // the last ones in any case
            string[] coming = [.. written.Where(name => different.Contains(name) || last.Contains(name)).OrderBy(Place)];
            string[] going = [.. coming.Where(name => File.Exists(Path.Combine(path, name))).Concat(stale).OrderByDescending(Place)];
            Directory.CreateDirectory(aside);
            foreach (string name in going)
                Move(Path.Combine(path, name), Path.Combine(aside, name));
            Disk.FlushFolder(path);
            foreach (string name in coming)
            {
                if (Place(name) >= 0)
                    Disk.FlushFolder(path); // what it vouches for is there before it is
                Move(Path.Combine(staging, name), Path.Combine(path, name));
            }

            foreach (string folder in coming.Select(name => Path.GetDirectoryName(Path.Combine(path, name))!).Distinct())
                Disk.FlushFolder(folder);
        }

        void Move(string from, string to)
        {
            Disk.CreateFolder(Path.GetDirectoryName(to)!);
            Disk.Rename(from, to);
            moved.Push((from, to));
        }

        void PutBack(Exception why)
        {
            try
            {
                while (moved.TryPop(out var move))
                    File.Move(move.To, move.From, overwrite: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new IOException(
                    $"{path} could not be replaced ({why.Message}), and what was there could not be put back "
                        + $"({e.Message}). The old files are in {aside}, the new ones in {staging} and {path}.",
                    why
                );
            }
        }
    }

    private static bool HaveSameContent(string one, string other)
    {
        if (
            !File.Exists(other)
            || new FileInfo(other) is not { LinkTarget: null, Length: > 0 and var length }
            || new FileInfo(one).Length != length
        )
            return false;
        try
        {
            using FileStream first = File.OpenRead(one),
                second = File.OpenRead(other);
            byte[] a = new byte[1 << 16],
                b = new byte[a.Length];
            for (int count; (count = first.ReadAtLeast(a, a.Length, throwOnEndOfStream: false)) > 0; )
            {
                if (
                    second.ReadAtLeast(b.AsSpan(0, count), count, throwOnEndOfStream: false) != count
                    || !a.AsSpan(0, count).SequenceEqual(b.AsSpan(0, count))
                )
                    return false;
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // what cannot be read is replaced
        }
    }
}
