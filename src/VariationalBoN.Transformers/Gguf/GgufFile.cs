using System.Text;
using VariationalBoN.Internal;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>A GGUF file in the making: named values and tensors, written in one go. Not thread-safe.</summary>
/// <remarks>
/// Source: the specification of GGUF, version 3 (docs/gguf.md of ggml): magic, version, counts, values, descriptions of the tensors, and
/// the tensors themselves, each at a multiple of 32 bytes from the first. All numbers are little-endian.
/// </remarks>
internal sealed class GgufFile
{
    private const int Version = 3,
        Alignment = 32;
    private readonly List<(string Key, Action<BinaryWriter> Write)> _values = [];
    private readonly List<GgufTensor> _tensors = [];

    /// <summary>The numbers that the format gives to the types of values.</summary>
    private enum Kind
    {
        UInt32 = 4,
        Int32 = 5,
        Float32 = 6,
        Bool = 7,
        Text = 8,
        Array = 9,
    }

    internal void Add(string key, int value) => Add(key, Kind.UInt32, writer => writer.Write((uint)value));

    internal void Add(string key, float value) => Add(key, Kind.Float32, writer => writer.Write(value));

    internal void Add(string key, bool value) => Add(key, Kind.Bool, writer => writer.Write(value));

    internal void Add(string key, string value) => Add(key, Kind.Text, writer => Write(writer, value));

    internal void Add(string key, IReadOnlyCollection<string> values) => AddArray(key, Kind.Text, values, Write);

    internal void Add(string key, IReadOnlyCollection<int> values) =>
        AddArray(key, Kind.Int32, values, (writer, value) => writer.Write(value));

    internal void Add(string key, IReadOnlyCollection<float> values) =>
        AddArray(key, Kind.Float32, values, (writer, value) => writer.Write(value));

    internal void Add(GgufTensor tensor) => _tensors.Add(tensor);

    /// <summary>Writes the file; it appears whole or not at all.</summary>
    internal void Save(string path) =>
        AtomicFile.Write(
            path,
            stream =>
            {
                using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
                writer.Write("GGUF"u8);
                writer.Write(Version);
                writer.Write((long)_tensors.Count);
                writer.Write((long)_values.Count);
                foreach ((string key, Action<BinaryWriter> write) in _values)
                {
                    Write(writer, key);
                    write(writer);
                }

                long offset = 0;
                foreach (GgufTensor tensor in _tensors)
                {
                    Write(writer, tensor.Name);
                    writer.Write(tensor.Shape.Length);
                    foreach (long size in tensor.Shape.Reverse()) // the fastest index first
                        writer.Write(size);
                    writer.Write(tensor.Format.Number);
                    writer.Write(offset);
                    offset += Aligned(tensor.Bytes);
                }

                writer.Flush();
                Fill(stream, Aligned(stream.Position) - stream.Position);
                foreach (GgufTensor tensor in _tensors)
                {
                    tensor.Write(stream);
                    Fill(stream, Aligned(tensor.Bytes) - tensor.Bytes);
                }
            }
        );

    private static long Aligned(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private static void Fill(Stream stream, long zeros) => stream.Write(new byte[zeros]);

    private static void Write(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((long)bytes.Length);
        writer.Write(bytes);
    }

    private void Add(string key, Kind kind, Action<BinaryWriter> write) =>
        _values.Add(
            (
                key,
                writer =>
                {
                    writer.Write((int)kind);
                    write(writer);
                }
            )
        );

    private void AddArray<T>(string key, Kind kind, IReadOnlyCollection<T> values, Action<BinaryWriter, T> write) =>
        Add(
            key,
            Kind.Array,
            writer =>
            {
                writer.Write((int)kind);
                writer.Write((long)values.Count);
                foreach (T value in values)
                    write(writer, value);
            }
        );
}
