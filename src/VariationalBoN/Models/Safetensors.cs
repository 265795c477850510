using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Models;

/// <summary>Reads and writes weights in the safetensors format, byte for byte as its reference implementation writes them.</summary>
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
        ArgumentNullException.ThrowIfNull(module);
        Save(path, module.state_dict(), metadata);
    }

    /// <summary>Writes named tensors; the file appears whole or not at all.</summary>
    /// <param name="path">Path of the file; an existing one is replaced.</param>
    /// <param name="tensors">The tensors, on any device; they are not changed.</param>
    /// <param name="metadata">Free text pairs for the header.</param>
    /// <exception cref="ArgumentException">A tensor is of a type that the format does not know, or is named <c>__metadata__</c>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var ordered = tensors.Select(pair => (pair.Key, pair.Value, Type: TypeOf(pair.Key, pair.Value)))
            .OrderByDescending(t => t.Type.Rank).ThenBy(t => t.Key, StringComparer.Ordinal).ToList();
        byte[] header = Header(ordered.Select(t => (t.Key, t.Value, t.Type.Name, t.Type.Size)), metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach ((_, var value, _) in ordered)
            {
                using var scope = NewDisposeScope();
                stream.Write(value.detach().cpu().contiguous().bytes);
            }
        });
    }

    /// <summary>Copies the tensors of a file into the parameters and buffers of a module, converted to the module's element types.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="module">The module, on any device; unchanged when the file does not fit.</param>
    /// <param name="prefix">Stands before each of the module's names in the file, such as <c>transformer.</c>.</param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, or tensors are missing, left over or of another shape; the message names the file and all of them.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static void Load(string path, nn.Module module, string prefix = "")
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(prefix);
        Load(path, module.state_dict().ToDictionary(pair => prefix + pair.Key, pair => pair.Value));
    }

    /// <summary>Reads the tensors of a file into tensors of the same names, which are all that it may hold.</summary>
    internal static void Load(string path, Dictionary<string, Tensor> targets)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        try
        {
            var entries = SafetensorsHeader.Read(stream);
            long data = stream.Position;
            RequireMatch(entries, targets);
            using var noGradient = no_grad();
            foreach (var entry in entries)
            {
                stream.Position = data + entry.Begin;
                Fill(stream, entry, targets[entry.Name]);
            }
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}.", e);
        }
    }

    private static void Fill(Stream stream, SafetensorsEntry entry, Tensor target)
    {
        using var scope = NewDisposeScope();
        if (target.dtype == entry.Type && target.device_type == DeviceType.CPU && target.is_contiguous())
        {
            stream.ReadExactly(target.bytes);
            return;
        }

        var staging = empty(entry.Shape, dtype: entry.Type);
        stream.ReadExactly(staging.bytes);
        target.copy_(staging);
    }

    private static void RequireMatch(List<SafetensorsEntry> entries, Dictionary<string, Tensor> targets)
    {
        var faults = new List<string>();
        var present = entries.ToDictionary(entry => entry.Name);
        string[] missing = [.. targets.Keys.Where(name => !present.ContainsKey(name)).Order(StringComparer.Ordinal)];
        string[] extra = [.. present.Keys.Where(name => !targets.ContainsKey(name)).Order(StringComparer.Ordinal)];
        if (missing.Length > 0)
            faults.Add($"missing from the file: {string.Join(", ", missing)}");
        if (extra.Length > 0)
            faults.Add($"not in the module: {string.Join(", ", extra)}");
        foreach (var entry in entries)
        {
            if (targets.TryGetValue(entry.Name, out var target) && !target.shape.AsSpan().SequenceEqual(entry.Shape))
                faults.Add($"{entry.Name} is [{string.Join(", ", entry.Shape)}] in the file and [{string.Join(", ", target.shape)}] in the module");
        }

        if (faults.Count > 0)
            throw new InvalidDataException($"the file does not fit the module: {string.Join("; ", faults)}");
    }

    private static byte[] Header(IEnumerable<(string Name, Tensor Value, string Type, int Size)> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            long offset = 0;
            foreach ((string name, var value, string type, int size) in tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", type);
                WriteNumbers(json, "shape", value.shape);
                WriteNumbers(json, "data_offsets", [offset, offset += value.numel() * size]);
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

    private static (string Name, int Size, int Rank) TypeOf(string name, Tensor tensor)
    {
        if (name == "__metadata__")
            throw new ArgumentException("A tensor cannot be named '__metadata__': the format keeps this name for its own use.", nameof(name));
        int rank = 0;
        foreach ((string key, (var type, int size)) in SafetensorsHeader.Types)
        {
            if (type == tensor.dtype)
                return (key, size, rank);
            rank++;
        }

        throw new ArgumentException($"The tensor '{name}' is of type {tensor.dtype}, which cannot be saved; these can: {string.Join(", ", SafetensorsHeader.Types.Keys)}.", nameof(tensor));
    }
}
