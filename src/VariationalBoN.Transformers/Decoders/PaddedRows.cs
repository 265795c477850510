using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>A batch with its attention mask, each row moved so that its tokens come first:
/// positions count from the first token, padding lies behind and is seen by none.</summary>
/// <remarks>Its tensors live in the dispose scope in which it is made.</remarks>
internal sealed class PaddedRows
{
    private readonly Tensor _back; // [B, T]: the place of each token once moved

    /// <param name="tokens">Token ids [B, T].</param>
    /// <param name="mask">Numbers or truth values [B, T], 0 or false for padding.</param>
    /// <exception cref="ArgumentException">The shapes differ, or the tokens of a row are none or not neighbours.</exception>
    internal PaddedRows(Tensor tokens, Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(mask);
        if (tokens.dim() != 2 || tokens.dtype != ScalarType.Int64 || !tokens.shape.AsSpan().SequenceEqual(mask.shape))
            throw new ArgumentException(
                $"The tokens are {tokens.dtype} {Shown.Shape(tokens.shape)} and the mask is {Shown.Shape(mask.shape)}; they must be Int64 "
                    + $"[B, T] and [B, T].",
                nameof(mask)
            );
        (int rows, int length) = ((int)tokens.size(0), (int)tokens.size(1));
        var counts = mask.to(ScalarType.Bool);
        bool[] isToken = counts.cpu().contiguous().data<bool>().ToArray();
        (long[] there, long[] back) = (new long[rows * length], new long[rows * length]);
        Lengths = new int[rows];
        for (int row = 0; row < rows; row++)
        {
            var places = isToken.AsSpan(row * length, length);
            (int first, int count) = (places.IndexOf(true), places.Count(true));
            if (first < 0 || places.Slice(first, count).Contains(false))
                throw new ArgumentException(
                    $"Row {row} of the mask has {(first < 0 ? "no token" : "padding between tokens")}; the tokens of a row must be one "
                        + $"run of at least 1.",
                    nameof(mask)
                );
            Lengths[row] = count;
            for (int t = 0; t < length; t++)
                (there[(row * length) + t], back[(row * length) + t]) = ((t + first) % length, (t - first + length) % length);
        }

        Tokens = tokens.mul(counts.to(tokens.device).to(ScalarType.Int64)).gather(1, tensor(there, [rows, length], device: tokens.device));
        _back = tensor(back, [rows, length], device: tokens.device);
    }

    /// <summary>Token ids [B, T], padding behind and 0.</summary>
    internal Tensor Tokens { get; }

    /// <summary>The number of tokens of each row.</summary>
    internal int[] Lengths { get; }

    /// <summary>Values [B, T, V] at the moved tokens, put back where the tokens stood.</summary>
    internal Tensor Back(Tensor values) => values.gather(1, _back.unsqueeze(2).expand(values.shape));
}
