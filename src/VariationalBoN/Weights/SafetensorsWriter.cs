using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>One tensor of a file to be: the values of <paramref name="Value"/> in the given type, or the bytes as they are.</summary>
internal sealed record SafetensorsItem(string Name, ScalarType Type, long[] Shape, Tensor? Value, byte[]? Content)
{
    internal long Elements { get; } =
        WeightEntry.Size(Shape, 1)
        ?? throw new ArgumentException($"'{Name}' has the impossible shape {Shown.Shape(Shape)}.", nameof(Shape));

    internal long Bytes => Elements * SafetensorsWriter.TypeOf(Name, Type).Size;
}

/// <summary>Writes safetensors files, byte for byte as the reference implementation does.</summary>
internal static class SafetensorsWriter
{
    /// <summary>Elements that are brought to the processor and converted at a time.</summary>
    private const long PieceSize = 1 << 22;

    /// <summary>Writes a file; it appears whole or not at all.</summary>
    internal static void Write(string path, IEnumerable<SafetensorsItem> items, IReadOnlyDictionary<string, string>? metadata)
    {
        var ordered = items
            .OrderByDescending(item => TypeOf(item.Name, item.Type).Rank)
            .ThenBy(item => item.Name, StringComparer.Ordinal)
            .ToList();
        byte[] header = Header(ordered, metadata);
        AtomicFile.Write(
            path,
            stream =>
            {
                Span<byte> length = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
                stream.Write(length);
                stream.Write(header);
                foreach (var item in ordered)
                {
                    if (item.Content is byte[] content)
                        stream.Write(content);
                    else
                        Write(stream, item.Value!, item.Type);
                }
            }
        );
    }

    /// <summary>The format's name of a type, the bytes of an element, and its place in the order.</summary>
    /// <exception cref="ArgumentException">The format has no such type, or keeps the name for its own use.</exception>
    internal static (string Name, int Size, int Rank) TypeOf(string name, ScalarType wanted)
    {
        if (name == SafetensorsHeader.MetadataKey)
            throw new ArgumentException(
                "A tensor cannot be named '__metadata__': the format keeps this name for its own use.",
                nameof(name)
            );
        int rank = 0;
        foreach ((string key, (var type, int size)) in SafetensorsHeader.Types)
        {
            if (type == wanted)
                return (key, size, rank);
            rank++;
        }

        throw new ArgumentException(
            $"The tensor '{name}' is of type {wanted}, which cannot be saved; these can: "
                + $"{string.Join(", ", SafetensorsHeader.Types.Keys)}.",
            nameof(wanted)
        );
    }

    private static void Write(Stream stream, Tensor value, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var flat = value.detach().contiguous().view(-1);
        long count = flat.numel();
        for (long start = 0; start < count; start += PieceSize)
        {
            using var pieceScope = NewDisposeScope();
            stream.Write(flat.narrow(0, start, Math.Min(PieceSize, count - start)).to(type).cpu().contiguous().bytes);
        }
    }

    private static byte[] Header(List<SafetensorsItem> items, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            long offset = 0;
            foreach (var item in items)
            {
                json.WriteStartObject(item.Name);
                json.WriteString("dtype", TypeOf(item.Name, item.Type).Name);
                WriteNumbers(json, "shape", item.Shape);
                WriteNumbers(json, "data_offsets", [offset, offset += item.Bytes]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        return buffer.ToArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, long[] values)
    {
        json.WriteStartArray(name);
        foreach (long value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
