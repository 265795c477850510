using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>The name, type, shape and place of one tensor in a file;
/// <paramref name="Offset"/> counts bytes from the start of the file.</summary>
internal readonly record struct WeightEntry(string Name, ScalarType Type, long[] Shape, long Offset, long Bytes)
{
    /// <summary>Bytes of an element; of a tensor that has one.</summary>
    internal long ElementSize => Bytes / Shape.Aggregate(1L, (elements, size) => elements * size);

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
