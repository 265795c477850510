using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>One tensor to read: where it lies and which tensor of the module it fills.</summary>
internal readonly record struct WeightRead(WeightFile File, WeightEntry Entry, Tensor Target);

/// <summary>Holds the tensors of files against those of a module: every fault is named before anything is read.</summary>
internal static class WeightMatch
{
    /// <summary>What to read into which tensor, and how the files lie.</summary>
    /// <param name="files">The open files.</param>
    /// <param name="targets">The tensors of the module by name.</param>
    /// <param name="names">The names of the family; the prefix may be there or not, in files and in the module.</param>
    /// <exception cref="InvalidDataException">
    /// Tensors are missing, left over, of another shape or present twice with different values; the message names all of them.
    /// </exception>
    internal static (List<WeightRead> Reads, List<WeightLayoutFile> Files) Match(
        IReadOnlyList<WeightFile> files,
        IReadOnlyDictionary<string, Tensor> targets,
        WeightNames names
    )
    {
        var byBareName = targets.Keys.ToDictionary(name => Bare(name, names), StringComparer.Ordinal);
        var reads = new Dictionary<string, WeightRead>(StringComparer.Ordinal);
        var buffers = new List<byte[]>();
        var layout = new List<WeightLayoutFile>();
        List<string> extra = [],
            faults = [];
        foreach (var file in files)
        {
            var tensors = new List<LaidTensor>();
            layout.Add(new WeightLayoutFile(LayoutName(file.Path), file.Metadata, tensors));
            foreach (var entry in file.Entries)
            {
                if (Find(Bare(entry.Name, names), byBareName, names) is string target)
                {
                    tensors.Add(new LaidTensor(entry.Name, entry.Type, entry.Shape, target, null));
                    Place(new WeightRead(file, entry, targets[target]), target, reads, faults, names);
                }
                else if (names.IsBuffer(entry.Name))
                {
                    tensors.Add(new LaidTensor(entry.Name, entry.Type, entry.Shape, null, Kept(file, entry, buffers)));
                }
                else
                {
                    extra.Add(Shown.Name(entry.Name));
                }
            }
        }

        string[] missing = [.. targets.Keys.Where(name => !reads.ContainsKey(name)).Order(StringComparer.Ordinal)];
        if (extra.Count > 0)
            faults.Insert(0, $"not in the module: {Shown.List(extra.Order(StringComparer.Ordinal))}");
        if (missing.Length > 0)
            faults.Insert(0, $"missing from the file: {Shown.List(missing)}");
        return faults.Count == 0
            ? ([.. reads.Values], layout)
            : throw new InvalidDataException(
                $"{files[0].Path}{(files.Count > 1 ? $" and {files.Count - 1} more" : "")}: the file does not fit the module: "
                    + $"{Shown.List(faults, "; ")}."
            );
    }

    private static string Bare(string name, WeightNames names) =>
        names.Prefix.Length > 0 && name.StartsWith(names.Prefix, StringComparison.Ordinal) ? name[names.Prefix.Length..] : name;

    /// <summary>The tensor of the module that a name in a file stands for;
    /// an output layer that the module lacks is its embedding.</summary>
    private static string? Find(string bareName, Dictionary<string, string> byBareName, WeightNames names) =>
        byBareName.TryGetValue(bareName, out string? target)
        || (bareName == names.Head && byBareName.TryGetValue(names.Embedding, out target))
        || (OfOldNorm(bareName) is string renamed && byBareName.TryGetValue(renamed, out target))
            ? target
            : null;

    /// <summary>
    /// The name that a normalisation's <c>gamma</c> or <c>beta</c>, as TensorFlow called them, has today; null for other names.
    /// </summary>
    private static string? OfOldNorm(string name)
    {
        string? ending =
            name.EndsWith(".gamma", StringComparison.Ordinal) ? "weight"
            : name.EndsWith(".beta", StringComparison.Ordinal) ? "bias"
            : null;
        string path = name[..Math.Max(0, name.LastIndexOf('.'))],
            layer = path[(path.LastIndexOf('.') + 1)..];
        return
            ending is not null
            && (layer.Contains("norm", StringComparison.OrdinalIgnoreCase) || layer.StartsWith("ln_", StringComparison.Ordinal))
            ? $"{path}.{ending}"
            : null;
    }

    private static bool IsFloating(ScalarType type) =>
        type is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    private static void Place(WeightRead read, string target, Dictionary<string, WeightRead> reads, List<string> faults, WeightNames names)
    {
        string name = Shown.Name(read.Entry.Name);
        if (IsFloating(read.Entry.Type) != IsFloating(read.Target.dtype))
            faults.Add(
                $"{name} is of type {read.Entry.Type} in the file, where "
                    + $"{(IsFloating(read.Target.dtype) ? "floating-point numbers are" : $"{read.Target.dtype} is")} wanted: such a file "
                    + $"is "
                    + "quantised or holds something else"
            );
        if (!read.Target.shape.AsSpan().SequenceEqual(read.Entry.Shape))
            faults.Add($"{name} is {Shown.Shape(read.Entry.Shape)} in the file and {Shown.Shape(read.Target.shape)} in the module");
        if (!reads.TryAdd(target, read) && !AreEqual(reads[target], read))
            faults.Add(
                $"{name} and {Shown.Name(reads[target].Entry.Name)} are one weight in this "
                    + $"model{(target == names.Embedding || read.Entry.Name == names.Head ? " (tie_word_embeddings is true)" : "")}, but "
                    + "differ in the file"
            );
    }

    private static bool AreEqual(WeightRead a, WeightRead b)
    {
        if (a.Entry.Type != b.Entry.Type || a.Entry.Bytes != b.Entry.Bytes)
            return false;
        byte[] first = new byte[Math.Min(a.Entry.Bytes, 1 << 20)],
            second = new byte[first.Length];
        for (long at = 0; at < a.Entry.Bytes; at += first.Length)
        {
            int count = (int)Math.Min(first.Length, a.Entry.Bytes - at);
            a.File.Read(a.Entry.Offset + at, first.AsSpan(0, count));
            b.File.Read(b.Entry.Offset + at, second.AsSpan(0, count));
            if (!first.AsSpan(0, count).SequenceEqual(second.AsSpan(0, count)))
                return false;
        }

        return true;
    }

    /// <summary>The bytes of a buffer. The layers of a model have the same ones, which are kept once.</summary>
    private static byte[] Kept(WeightFile file, WeightEntry entry, List<byte[]> buffers)
    {
        if (entry.Bytes > Array.MaxLength)
            throw new InvalidDataException(
                $"{file.Path}: the buffer '{Shown.Name(entry.Name)}' is {entry.Bytes} bytes long, which no mask is."
            );
        byte[] bytes = new byte[entry.Bytes];
        file.Read(entry.Offset, bytes);
        byte[]? same = buffers.Find(known => known.AsSpan().SequenceEqual(bytes));
        if (same is null)
            buffers.Add(bytes);
        return same ?? bytes;
    }

    /// <summary>Weights are saved as safetensors, whatever they were read from.</summary>
    private static string LayoutName(string path)
    {
        string name = Path.GetFileName(path);
        return !name.EndsWith(".bin", StringComparison.Ordinal)
            ? name
            : Path.ChangeExtension(name == "pytorch_model.bin" ? "model.bin" : name, ".safetensors");
    }
}
