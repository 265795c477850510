using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;

namespace VariationalBoN.Models;

/// <summary>The name, type, shape and place of one tensor in a file.</summary>
internal readonly record struct SafetensorsEntry(string Name, torch.ScalarType Type, long[] Shape, long Begin, long End);

/// <summary>The checked header of a safetensors file: nothing in it is believed before it has been held against the file's length.</summary>
internal static class SafetensorsHeader
{
    /// <summary>What the reference implementation allows.</summary>
    private const long MaximumLength = 100_000_000;

    /// <summary>Element types with their size, in the order of the reference implementation, which writes the last ones first.</summary>
    internal static readonly IReadOnlyDictionary<string, (torch.ScalarType Type, int Size)> Types = new Dictionary<string, (torch.ScalarType, int)>
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

    /// <summary>Reads the header and leaves the stream at the first byte of data.</summary>
    internal static List<SafetensorsEntry> Read(Stream stream)
    {
        Span<byte> prefix = stackalloc byte[8];
        if (stream.Length < 8)
            throw new InvalidDataException($"the file is {stream.Length} bytes long, too short for the 8 bytes of the header's length");
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)Math.Min(MaximumLength, stream.Length - 8))
            throw new InvalidDataException($"the header claims {length} bytes, but {stream.Length - 8} follow and {MaximumLength} are allowed");
        byte[] header = new byte[length];
        stream.ReadExactly(header);
        try
        {
            return Check(Parse(header), stream.Length - 8 - (long)length);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"the header is not valid: {e.Message}", e);
        }
    }

    private static List<SafetensorsEntry> Parse(byte[] header)
    {
        if (header.Length == 0 || header[0] != (byte)'{')
            throw new InvalidDataException("the header does not begin with '{'");
        using var document = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8 });
        var entries = new List<SafetensorsEntry>();
        var names = new HashSet<string>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            if (!names.Add(property.Name))
                throw new InvalidDataException($"the tensor '{property.Name}' is listed twice");
            if (property.Name != "__metadata__")
                entries.Add(ParseEntry(property.Name, property.Value));
        }

        return entries;
    }

    private static SafetensorsEntry ParseEntry(string name, JsonElement value)
    {
        var seen = new Dictionary<string, JsonElement>();
        foreach (var property in value.EnumerateObject())
        {
            if (!seen.TryAdd(property.Name, property.Value))
                throw new InvalidDataException($"'{name}' has the key {property.Name} twice");
        }

        foreach (string key in new[] { "dtype", "shape", "data_offsets" })
        {
            if (!seen.ContainsKey(key))
                throw new InvalidDataException($"'{name}' has no {key}");
        }

        string type = seen["dtype"].GetString() ?? "null";
        if (!Types.TryGetValue(type, out var known))
            throw new InvalidDataException($"'{name}' is of type {type}; these are read: {string.Join(", ", Types.Keys)}");
        long[] shape = [.. seen["shape"].EnumerateArray().Select(size => size.GetInt64())];
        long[] offsets = [.. seen["data_offsets"].EnumerateArray().Select(offset => offset.GetInt64())];
        if (offsets.Length != 2)
            throw new InvalidDataException($"'{name}' has {offsets.Length} data offsets; it must have 2");
        long bytes = known.Size;
        foreach (long size in shape)
        {
            if (size < 0 || (size > 0 && bytes > long.MaxValue / size))
                throw new InvalidDataException($"'{name}' has the impossible shape [{string.Join(", ", shape)}]");
            bytes *= size;
        }

        if (offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] - offsets[0] != bytes)
            throw new InvalidDataException($"'{name}' of type {type} and shape [{string.Join(", ", shape)}] needs {bytes} bytes, but its data offsets are {offsets[0]} to {offsets[1]}");
        return new SafetensorsEntry(name, known.Type, shape, offsets[0], offsets[1]);
    }

    /// <summary>The tensors must cover the data exactly once, without overlap or gap.</summary>
    private static List<SafetensorsEntry> Check(List<SafetensorsEntry> entries, long dataLength)
    {
        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long end = 0;
        foreach (var entry in entries)
        {
            if (entry.Begin != end)
                throw new InvalidDataException($"'{entry.Name}' begins at byte {entry.Begin} of the data, but what stands before it ends at {end}: tensors must neither overlap nor leave a gap");
            end = entry.End;
        }

        if (end != dataLength)
            throw new InvalidDataException($"the tensors end at byte {end} of the data, but the file holds {dataLength} bytes of data");
        return entries;
    }
}
