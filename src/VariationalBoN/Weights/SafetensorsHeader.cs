using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN.Weights;

/// <summary>The checked header of a safetensors file:
/// nothing in it is believed before it has been held against the file's length.</summary>
/// <param name="Entries">The tensors in the order of their bytes.</param>
/// <param name="Metadata">Free text pairs.</param>
internal sealed record SafetensorsHeader(IReadOnlyList<WeightEntry> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The key that names no tensor.</summary>
    internal const string MetadataKey = "__metadata__";

    /// <summary>What the reference implementation allows.</summary>
    private const long MaxLength = 100_000_000;

    private const int MaxNumbers = 1000; // of a shape, far more than any has

    /// <summary>Element types with their size, in the order of the reference implementation, which writes the last ones first.</summary>
    internal static readonly IReadOnlyDictionary<string, (torch.ScalarType Type, int Size)> Types = new Dictionary<
        string,
        (torch.ScalarType, int)
    >
    {
        ["BOOL"] = (torch.ScalarType.Bool, 1),
        ["U8"] = (torch.ScalarType.Byte, 1),
        ["I8"] = (torch.ScalarType.Int8, 1),
        ["I16"] = (torch.ScalarType.Int16, 2),
        ["F16"] = (torch.ScalarType.Float16, 2),
        ["BF16"] = (torch.ScalarType.BFloat16, 2),
        ["I32"] = (torch.ScalarType.Int32, 4),
        ["F32"] = (torch.ScalarType.Float32, 4),
        ["F64"] = (torch.ScalarType.Float64, 8),
        ["I64"] = (torch.ScalarType.Int64, 8),
    };

    /// <summary>The bytes of an element.</summary>
    internal static int SizeOf(torch.ScalarType type) => Types.Values.First(known => known.Type == type).Size;

    /// <summary>Reads the header at the start of a file.</summary>
    /// <exception cref="InvalidDataException">The header is damaged; the message says where.</exception>
    internal static SafetensorsHeader Read(Stream stream)
    {
        if (stream.Length < 8)
            throw Fault(0, $"it is {stream.Length} bytes long, too short for the 8 bytes of the header's length");
        Span<byte> prefix = stackalloc byte[8];
        stream.Position = 0;
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)Math.Min(MaxLength, stream.Length - 8))
            throw Fault(0, $"the header claims {length} bytes, but {stream.Length - 8} follow and {MaxLength} are allowed");
        byte[] header = new byte[length];
        stream.ReadExactly(header);
        var reader = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 3 });
        try
        {
            return Parse(ref reader, stream.Length);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"near byte {8 + reader.BytesConsumed} of the file: the header is not valid: {e.Message}", e);
        }
    }

    private static SafetensorsHeader Parse(ref Utf8JsonReader reader, long fileLength)
    {
        var entries = new List<WeightEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        Dictionary<string, string>? metadata = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || reader.TokenStartIndex != 0)
            throw Fault(reader, "the header does not begin with '{'");
        while (NextKey(ref reader) is string name)
        {
            if (!names.Add(name))
                throw Fault(reader, $"the tensor '{Shown.Name(name)}' is listed twice");
            if (name == MetadataKey)
                metadata = ParseMetadata(ref reader);
            else
                entries.Add(ParseEntry(ref reader, name));
        }

        reader.Read(); // what follows the header's object is not valid
        long start = 8 + reader.BytesConsumed;
        return new SafetensorsHeader(Placed(entries, start, fileLength - start), metadata ?? []);
    }

    private static Dictionary<string, string> ParseMetadata(ref Utf8JsonReader reader)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        Begin(ref reader, JsonTokenType.StartObject, MetadataKey);
        while (NextKey(ref reader) is string key)
        {
            Begin(ref reader, JsonTokenType.String, MetadataKey);
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw Fault(reader, $"the metadata have the key '{Shown.Name(key)}' twice");
        }

        return metadata;
    }

    private static WeightEntry ParseEntry(ref Utf8JsonReader reader, string name)
    {
        string? type = null;
        List<long>? shape = null,
            offsets = null;
        Begin(ref reader, JsonTokenType.StartObject, name);
        while (NextKey(ref reader) is string key)
        {
            if (
                key switch
                {
                    "dtype" => type is not null,
                    "shape" => shape is not null,
                    "data_offsets" => offsets is not null,
                    _ => false,
                }
            )
                throw Fault(reader, $"'{Shown.Name(name)}' has the key {key} twice");
            switch (key)
            {
                case "dtype":
                    Begin(ref reader, JsonTokenType.String, name);
                    type = reader.GetString()!;
                    break;
                case "shape":
                    shape = Numbers(ref reader, name);
                    break;
                case "data_offsets":
                    offsets = Numbers(ref reader, name);
                    break;
                default:
                    throw Fault(reader, $"'{Shown.Name(name)}' has the unknown key '{Shown.Name(key)}'");
            }
        }

        return Entry(reader.TokenStartIndex + 8, Shown.Name(name), name, type, shape, offsets);
    }

    private static WeightEntry Entry(long at, string shown, string name, string? type, List<long>? shape, List<long>? offsets)
    {
        if (type is null || shape is null || offsets is null)
            throw Fault(at, $"'{shown}' has no {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        if (!Types.TryGetValue(type, out var known))
            throw Fault(at, $"'{shown}' is of type {Shown.Name(type)}; these are read: {string.Join(", ", Types.Keys)}");
        if (offsets.Count != 2)
            throw Fault(at, $"'{shown}' has {offsets.Count} data offsets; it must have 2");
        long[] sizes = [.. shape];
        if (sizes.Length > 64 || WeightEntry.Size(sizes, known.Size) is not long bytes)
            throw Fault(at, $"'{shown}' has the impossible shape {Shown.Shape(sizes.AsSpan(0, Math.Min(sizes.Length, 64)))}");
        if (offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] - offsets[0] != bytes)
            throw Fault(
                at,
                $"'{shown}' of type {type} and shape {Shown.Shape(sizes)} needs {bytes} bytes, but its data offsets are {offsets[0]} to "
                    + $"{offsets[1]}"
            );
        return new WeightEntry(name, known.Type, sizes, offsets[0], bytes);
    }

    /// <summary>The tensors must cover the data exactly once, without overlap or gap.</summary>
    private static WeightEntry[] Placed(List<WeightEntry> entries, long start, long dataLength)
    {
        entries.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.Bytes.CompareTo(b.Bytes));
        (long end, long at) = (0, start);
        foreach (var entry in entries)
        {
            if (entry.Offset != end)
                throw Fault(
                    at,
                    $"'{Shown.Name(entry.Name)}' begins at byte {entry.Offset} of the data, but what stands before it ends at {end}: "
                        + $"tensors must neither overlap nor leave a gap"
                );
            end += entry.Bytes;
        }

        return end == dataLength
            ? [.. entries.Select(entry => entry with { Offset = start + entry.Offset })]
            : throw Fault(at, $"the tensors end at byte {end} of the data, but the file holds {dataLength} bytes of data");
    }

    /// <summary>The next key of the object that the reader is in; null at its end.</summary>
    private static string? NextKey(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;

    private static void Begin(ref Utf8JsonReader reader, JsonTokenType expected, string name)
    {
        if (!reader.Read() || reader.TokenType != expected)
            throw Fault(reader, $"the header is not valid: a {reader.TokenType} stands in '{Shown.Name(name)}' where a {expected} must");
    }

    private static List<long> Numbers(ref Utf8JsonReader reader, string name)
    {
        var numbers = new List<long>();
        Begin(ref reader, JsonTokenType.StartArray, name);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number))
                throw Fault(reader, $"the header is not valid: '{Shown.Name(name)}' has a size or an offset that is no whole number");
            numbers.Add(number);
            if (numbers.Count > MaxNumbers)
                throw Fault(reader, $"'{Shown.Name(name)}' has a list of more than {MaxNumbers} numbers");
        }

        return numbers;
    }

    private static InvalidDataException Fault(in Utf8JsonReader reader, string text) => Fault(8 + reader.TokenStartIndex, text);

    private static InvalidDataException Fault(long at, string text) => new($"near byte {at} of the file: {text}");
}
