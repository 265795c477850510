using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>
/// Reads, maps and writes weights in the safetensors format; files are byte for byte those of its reference implementation.
/// </summary>
/// <remarks>
/// Format: 8 bytes of little-endian header length, a JSON header padded with spaces to a multiple of 8, the data; wide element types
/// first, names in ordinal order. Stateless; thread-safe as long as no other thread changes the same tensors or file.
/// </remarks>
public static class Safetensors
{
    /// <summary>Writes every parameter and buffer of a module; the file appears whole or not at all.</summary>
    /// <param name="path">Path of the file; an existing one is replaced.</param>
    /// <param name="module">The module, on any device.</param>
    /// <param name="metadata">Free text pairs for the header, such as <c>format = pt</c>, which some readers ask for.</param>
    /// <exception cref="ArgumentException">A tensor is of a type that the format does not know.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, nn.Module module, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(module);
        Save(path, module.state_dict(), metadata);
    }

    /// <summary>Writes named tensors; the file appears whole or not at all.</summary>
    /// <param name="path">Path of the file; an existing one is replaced.</param>
    /// <param name="tensors">The tensors, on any device; they are not changed.</param>
    /// <param name="metadata">Free text pairs for the header.</param>
    /// <exception cref="ArgumentException">A tensor is of a type that the format does not know,
    /// or is named <c>__metadata__</c>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tensors);
        SafetensorsWriter.Write(
            path,
            tensors.Select(pair => new SafetensorsItem(pair.Key, pair.Value.dtype, pair.Value.shape, pair.Value, null)),
            metadata
        );
    }

    /// <summary>Reads the tensors of a file into the parameters and buffers of a module, converted to the module's element types.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="module">The module, on any device; unchanged when the file is refused. A file that breaks off while it is read, after
    /// it was checked, leaves it partly overwritten.</param>
    /// <param name="prefix">Stands before each of the module's names in the file, such as <c>transformer.</c>.</param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, tensors are missing, left over or of another shape, or a parameter holds NaN or infinity;
    /// the message names the file and all of them.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static void Load(string path, nn.Module module, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(prefix);
        Open(path, module, prefix)();
    }

    /// <summary>Holds a file against a module without changing it; what it gives reads the file into the module.</summary>
    /// <inheritdoc cref="Load(string, nn.Module, string)"/>
    internal static Action Open(string path, nn.Module module, string prefix = "")
    {
        var buffers = module.named_buffers().Select(pair => prefix + pair.name).ToHashSet(StringComparer.Ordinal);
        return Open(path, module.state_dict().ToDictionary(pair => prefix + pair.Key, pair => pair.Value), buffers.Contains);
    }

    /// <summary>Reads the tensors of a file into tensors of the same names,
    /// which are all that it may hold, such as the parameters that train.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="tensors">The tensors, on any device, converted to their element types; unchanged when the file is refused.</param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, tensors are missing, left over or of another shape, or one holds NaN or infinity;
    /// the message names the file and all of them.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static void Load(string path, IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(tensors);
        Open(path, tensors)();
    }

    /// <summary>
    /// Lays tensors over the pages of a file of the same names, copy on write, so that processes that map one file share its memory; what
    /// does not fit (another element type, another device) is read.
    /// The file must stay as it is for as long as the tensors are used; it may be deleted on Linux and macOS.
    /// </summary>
    /// <param name="path">Path of the file, which may hold nothing else.</param>
    /// <param name="tensors">The tensors, whose memory is replaced; unchanged when the file is refused.</param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, tensors are missing, left over or of another shape, or one holds NaN or infinity;
    /// the message names the file and all of them.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read or mapped.</exception>
    public static void Map(string path, IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        using var file = new WeightFile(path);
        List<WeightRead> reads = WeightMatch.Match([file], tensors, new WeightNames("", "", "")).Reads;
        WeightReader.RequireFinite([.. reads]);
        WeightReader.Fill(MappedWeights.Map(reads), mustBeFinite: _ => false);
    }

    /// <summary>Holds a file against tensors without changing them; what it gives reads the file into them.</summary>
    /// <inheritdoc cref="Load(string, IReadOnlyDictionary{string, Tensor})"/>
    /// <param name="path">Path of the file.</param>
    /// <param name="targets">The tensors.</param>
    /// <param name="mayBeInfinite">Which names are no weights, so that NaN and infinity may stand there; null for none.</param>
    internal static Action Open(string path, IReadOnlyDictionary<string, Tensor> targets, Func<string, bool>? mayBeInfinite = null)
    {
        var free = targets
            .Where(pair => mayBeInfinite?.Invoke(pair.Key) == true)
            .Select(pair => pair.Value)
            .ToHashSet(ReferenceEqualityComparer.Instance);
        using (var file = new WeightFile(path))
            WeightReader.RequireFinite([.. Match(file).Where(read => !free.Contains(read.Target))]);
        return () =>
        {
            using var file = new WeightFile(path);
            WeightReader.Fill(Match(file), mustBeFinite: _ => false);
        };

        List<WeightRead> Match(WeightFile file) => WeightMatch.Match([file], targets, new WeightNames("", "", "")).Reads;
    }
}
