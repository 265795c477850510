namespace VariationalBoN.Internal;

/// <summary>
/// Reads files that others wrote: nothing but files, never more of them than a bound, and in a directory only what lies in it. A link is
/// followed; its length is never taken for that of its file. Stateless, thread-safe.
/// </summary>
internal static class InputFile
{
    /// <summary>The most bytes that are read of a configuration, and of a file of a tokenizer:
    /// several times what any published one has.</summary>
    public const long LongestConfig = 16 << 20,
        LongestTokenizerFile = 128 << 20;

    private const int MaxLinks = 40; // as Linux

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="InvalidDataException">It is a pipe, a device or empty, all of which have no length; or a folder.</exception>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public static FileStream Open(string path) =>
        !HasContent(path)
            ? throw new InvalidDataException($"{path}: at byte 0 of the file: it is empty, or no file but a pipe or a device.")
            : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);

    /// <summary>Opens a file that may be empty, as is all that has no length.</summary>
    /// <exception cref="InvalidDataException">It is a folder.</exception>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public static Stream OpenOrEmpty(string path) => HasContent(path) ? Open(path) : new MemoryStream([], writable: false);

    /// <summary>The content of a file; nothing where it is empty, or is a pipe or a device.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">The most bytes that are read.</param>
    /// <exception cref="InvalidDataException">It is longer, or a folder.</exception>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public static byte[] ReadAll(string path, long limit)
    {
        using Stream stream = OpenOrEmpty(path);
        if (stream.Length > limit)
            throw new InvalidDataException($"{path} is {stream.Length} bytes long; at most {limit} are read.");
        byte[] content = new byte[stream.Length];
        int read = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return read == content.Length ? content : content[..read];
    }

    /// <summary>Reads a whole file as text: UTF-8, or what its byte order mark says.</summary>
    /// <inheritdoc cref="ReadAll"/>
    public static string ReadText(string path, long limit)
    {
        using var reader = new StreamReader(new MemoryStream(ReadAll(path, limit)));
        return reader.ReadToEnd();
    }

    /// <summary>A file of a directory; null where there is none of that name.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">A name in it.</param>
    /// <returns>Its path.</returns>
    /// <exception cref="InvalidDataException">It is a link to somewhere else than
    /// the directory or the store of a cache of the hub.</exception>
    public static string? Find(string directory, string name)
    {
        string path = Path.Combine(directory, name);
        if (!File.Exists(path))
            return null;
        string root = WithoutLinks(directory),
            file = WithoutLinks(path);
        return IsIn(root, file) || IsBlob(file) || (BlobsOf(root) is string blobs && IsIn(WithoutLinks(blobs), file))
            ? path
            : throw new InvalidDataException(
                $"{path} is a link to {file}, outside of the directory, so it is not read. Put the file "
                    + "itself there, or give the directory that it lies in."
            );
    }

    /// <summary>The full path of a file; where it is a link, of what it leads to.</summary>
    public static string TargetOf(string path)
    {
        path = Path.GetFullPath(path);
        return new FileInfo(path).LinkTarget is null ? path : WithoutLinks(path);
    }

    private static bool HasContent(string path)
    {
        var file = new FileInfo(TargetOf(path));
        if (Directory.Exists(file.FullName))
            throw new InvalidDataException($"{path} is a folder where a file must be.");
        return file.Exists ? file.Length > 0 : throw new FileNotFoundException($"There is no file {path}.", path);
    }

    private static bool IsIn(string folder, string path) =>
        path.StartsWith(
            Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar,
            OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase
        );

    /// <summary>Whether a file lies in a cache of the hub, <c>models--(name)/blobs</c>:
    /// older downloads into a directory link there.</summary>
    private static bool IsBlob(string file) =>
        Path.GetDirectoryName(file) is string blobs
        && Path.GetFileName(blobs) == "blobs"
        && Path.GetFileName(Path.GetDirectoryName(blobs)) is string model
        && model.StartsWith("models--", StringComparison.Ordinal);

    /// <summary>Where a cache of the hub keeps the files that a directory <c>snapshots/(revision)</c> links to; null elsewhere.</summary>
    private static string? BlobsOf(string directory)
    {
        string snapshots = $"{Path.DirectorySeparatorChar}snapshots{Path.DirectorySeparatorChar}";
        int at = directory.LastIndexOf(snapshots, StringComparison.Ordinal);
        return at < 0 ? null : Path.Combine(directory[..(at + 1)], "blobs");
    }

    /// <summary>The path with every link in it followed, as the operating system does.</summary>
    private static string WithoutLinks(string path)
    {
        string full = Path.GetFullPath(path),
            real = Path.GetPathRoot(full)!;
        var parts = new Stack<string>();
        Push(full);
        for (int links = 0; parts.TryPop(out string? part); )
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }

            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not string target)
            {
                real = next;
                continue;
            }

            if (++links > MaxLinks)
                throw new IOException($"{path} leads through more than {MaxLinks} links.");
            if (Path.IsPathRooted(target))
                real = Path.GetPathRoot(target)!;
            Push(target);
        }

        return real;

        void Push(string some)
        {
            foreach (
                string part in some[Path.GetPathRoot(some)!.Length..]
                    .Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar)
                    .Reverse()
            )
            {
                if (part is not ("" or "."))
                    parts.Push(part);
            }
        }
    }
}
