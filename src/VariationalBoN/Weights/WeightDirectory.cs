using VariationalBoN.Internal;

namespace VariationalBoN.Weights;

/// <summary>The open weight files of a directory: a single file, or shards with their index,
/// in one of the formats that the caller reads.</summary>
internal sealed class WeightDirectory : IDisposable
{
    /// <param name="directory">The directory.</param>
    /// <param name="formats">The formats that are read, the preferred first; none is safetensors alone.</param>
    /// <exception cref="FileNotFoundException">The directory has no weights, or lacks a shard;
    /// the message names what was looked for.</exception>
    /// <exception cref="InvalidDataException">Both forms of a file are there, a file is damaged, or index and shards disagree.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    internal WeightDirectory(string directory, params ReadOnlySpan<WeightFormat> formats)
    {
        WeightFormat[] known = formats.IsEmpty ? [WeightFormat.Safetensors] : formats.ToArray();
        (string Name, WeightFormat Format)[] looked =
        [
            .. known.SelectMany(format => new[] { (format.Single, format), (format.Index, format) }),
        ];
        (string Name, WeightFormat Format)[] present = [.. looked.Where(file => InputFile.Find(directory, file.Name) is not null)];
        if (present.Length == 0)
            throw new FileNotFoundException(
                $"{directory} holds no weights: there is none of {string.Join(", ", looked.SkipLast(1).Select(file => file.Name))} and "
                    + $"{looked[^1].Name}."
            );
        (string first, WeightFormat format) = present[0];
        if (present.Length > 1 && present[1].Format == format)
            throw new InvalidDataException(
                $"{directory} holds both {first} and {present[1].Name}: it is not clear which are its weights, so remove one."
            );
        string path = Path.Combine(directory, first);
        var files = new List<WeightFile>();
        Files = files;
        try
        {
            if (first == format.Single)
                files.Add(new WeightFile(path, format));
            else
                Shards = OpenShards(path, format, files);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal IReadOnlyList<WeightFile> Files { get; }

    /// <summary>The index; null for a single file.</summary>
    internal WeightIndex? Shards { get; }

    /// <summary>Whether a file name is one that saving weights makes,
    /// so that an older one of this name would be taken for a part of newer weights.</summary>
    internal static bool IsWritten(string name) =>
        name == WeightFormat.Safetensors.Single
        || name == WeightFormat.Safetensors.Index
        || (
            name.StartsWith("model-", StringComparison.Ordinal)
            && name.EndsWith(".safetensors", StringComparison.Ordinal)
            && name.Contains("-of-", StringComparison.Ordinal)
        );

    public void Dispose()
    {
        foreach (var file in Files)
            file.Dispose();
    }

    private static WeightIndex OpenShards(string path, WeightFormat format, List<WeightFile> files)
    {
        var index = ReadIndex(path, format);
        string[] names = [.. index.Files.Values.Distinct().Order(StringComparer.Ordinal)];
        string directory = Path.GetDirectoryName(path)!;
        string[] missing = [.. names.Where(name => InputFile.Find(directory, name) is null)];
        if (missing.Length > 0)
            throw new FileNotFoundException($"{path} names files that are not there: {Shown.List(missing)}.");
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var faults = new List<string>();
        foreach (string name in names)
        {
            files.Add(new WeightFile(Path.Combine(directory, name), format));
            foreach (var entry in files[^1].Entries)
            {
                if (!found.TryAdd(entry.Name, name))
                    faults.Add($"{Shown.Name(entry.Name)} is in both {found[entry.Name]} and {name}");
                else if (!index.Files.TryGetValue(entry.Name, out string? file) || file != name)
                    faults.Add($"{Shown.Name(entry.Name)} is in {name}, which the index does not say");
            }
        }

        faults.AddRange(
            index.Files.Where(pair => !found.ContainsKey(pair.Key)).Select(pair => $"{Shown.Name(pair.Key)} is not in {pair.Value}")
        );
        return faults.Count == 0 ? index : throw new InvalidDataException($"{path}: index and files disagree: {Shown.List(faults, "; ")}.");
    }

    private static WeightIndex ReadIndex(string path, WeightFormat format)
    {
        using FileStream stream = InputFile.Open(path);
        try
        {
            return WeightIndex.Read(stream, format.Extension);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}.", e);
        }
    }
}
