using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>The name, type, shape and place of one tensor in a file; <paramref name="Offset"/> counts bytes from the start of the file.</summary>
internal readonly record struct WeightEntry(string Name, ScalarType Type, long[] Shape, long Offset, long Bytes)
{
    /// <summary>The shape as messages print it.</summary>
    internal static string Shown(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";

    /// <summary>A name from a file as messages print it: whole unless it is absurdly long.</summary>
    internal static string Shown(string name) => name.Length <= 200 ? name : $"{name.AsSpan(0, 200)}...";

    /// <summary>Bytes of a tensor; null for a shape that no tensor has.</summary>
    internal static long? Size(ReadOnlySpan<long> shape, int elementSize)
    {
        long bytes = elementSize;
        foreach (long size in shape)
        {
            if (size < 0 || (size > 0 && bytes > long.MaxValue / size))
                return null;
            bytes *= size;
        }

        return bytes;
    }
}
