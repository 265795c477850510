using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Shape">Its sizes, the slowest index first as everywhere else.</param>
/// <param name="Format">How its elements are stored.</param>
/// <param name="Read">Makes the tensor, of that shape, when it is written; disposed of afterwards.</param>
internal sealed record GgufTensor(string Name, long[] Shape, GgufFormat Format, Func<Tensor> Read)
{
    /// <summary>The bytes that it takes in the file.</summary>
    internal long Bytes => Format.Bytes(Shape.Aggregate(1L, (product, size) => product * size));

    /// <summary>Writes the elements, the last index fastest.</summary>
    /// <exception cref="ArgumentException">An element cannot be stored so.</exception>
    internal void Write(Stream stream)
    {
        using var scope = NewDisposeScope();
        long first = 0;
        Read()
            .ForEachPiece(piece =>
            {
                Span<float> values = piece.to(ScalarType.Float32).Elements<float>();
                byte[] bytes = new byte[Format.Bytes(values.Length)];
                int fault = Format.Convert(values, bytes);
                if (fault >= 0)
                    throw new ArgumentException(
                        $"Element {first + fault} of {Name} is {values[fault]}, which {Format.Name} cannot hold; save the file as F32, or "
                            + $"find out why the weight has grown so."
                    );
                stream.Write(bytes);
                first += values.Length;
            });
    }
}
