namespace VariationalBoN.Models;

/// <summary>The open weight files of a directory: <c>model.safetensors</c>, its shards with their index, or <c>pytorch_model.bin</c> in either form.</summary>
internal sealed class WeightDirectory : IDisposable
{
    internal const string Single = "model.safetensors", Index = "model.safetensors.index.json";
    private const string PickledSingle = "pytorch_model.bin", PickledIndex = "pytorch_model.bin.index.json";

    /// <exception cref="FileNotFoundException">The directory has no weights, or lacks a shard; the message names what was looked for.</exception>
    /// <exception cref="InvalidDataException">Both forms of a file are there, a file is damaged, or index and shards disagree.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    internal WeightDirectory(string directory)
    {
        string[] present = [.. new[] { Single, Index, PickledSingle, PickledIndex }.Where(name => File.Exists(Path.Combine(directory, name)))];
        if (present.Length == 0)
            throw new FileNotFoundException($"{directory} holds no weights: there is none of {Single}, {Index}, {PickledSingle} and {PickledIndex}.");
        if (present.Length > 1 && present[0] == Single && present[1] == Index || present[0] == PickledSingle && present.Length > 1)
            throw new InvalidDataException($"{directory} holds both {present[0]} and {present[1]}: it is not clear which are its weights, so remove one.");
        string path = Path.Combine(directory, present[0]);
        var files = new List<WeightFile>();
        Files = files;
        try
        {
            if (present[0] is Single or PickledSingle)
                files.Add(new WeightFile(path));
            else
                Shards = OpenShards(path, files);
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

    /// <summary>Whether a file name is one that saving weights makes, so that an older one of this name would be taken for a part of newer weights.</summary>
    internal static bool IsWritten(string name) => name is Single or Index
        || (name.StartsWith("model-", StringComparison.Ordinal) && name.EndsWith(".safetensors", StringComparison.Ordinal) && name.Contains("-of-", StringComparison.Ordinal));

    public void Dispose()
    {
        foreach (var file in Files)
            file.Dispose();
    }

    private static WeightIndex OpenShards(string path, List<WeightFile> files)
    {
        var index = ReadIndex(path);
        string[] names = [.. index.Files.Values.Distinct().Order(StringComparer.Ordinal)];
        string directory = Path.GetDirectoryName(path)!;
        string[] missing = [.. names.Where(name => !File.Exists(Path.Combine(directory, name)))];
        if (missing.Length > 0)
            throw new FileNotFoundException($"{path} names files that are not there: {string.Join(", ", missing)}.");
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var faults = new List<string>();
        foreach (string name in names)
        {
            files.Add(new WeightFile(Path.Combine(directory, name)));
            foreach (var entry in files[^1].Entries)
            {
                if (!found.TryAdd(entry.Name, name))
                    faults.Add($"{WeightEntry.Shown(entry.Name)} is in both {found[entry.Name]} and {name}");
                else if (!index.Files.TryGetValue(entry.Name, out string? file) || file != name)
                    faults.Add($"{WeightEntry.Shown(entry.Name)} is in {name}, which the index does not say");
            }
        }

        faults.AddRange(index.Files.Where(pair => !found.ContainsKey(pair.Key)).Select(pair => $"{WeightEntry.Shown(pair.Key)} is not in {pair.Value}"));
        return faults.Count == 0 ? index : throw new InvalidDataException($"{path}: index and files disagree: {string.Join("; ", faults)}.");
    }

    private static WeightIndex ReadIndex(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            return WeightIndex.Read(stream, path.EndsWith(PickledIndex, StringComparison.Ordinal) ? ".bin" : ".safetensors");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}.", e);
        }
    }
}
