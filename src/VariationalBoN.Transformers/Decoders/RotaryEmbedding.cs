using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// Rotary positions: the pair (x_i, x_{i + R/2}) of a head's first R dimensions is turned
/// by the angle position * f_i, f_i = theta^(-2i/R) before scaling.
/// </summary>
/// <remarks>
/// Source: Su et al., "RoFormer" (2021). Frequencies and angles are computed in float32 by the operations of transformers, since the
/// rounding of a frequency grows with the position. It is no module: frequencies are no part of a checkpoint.
/// </remarks>
internal sealed class RotaryEmbedding
{
    private readonly float[] _frequencies; // [R / 2]
    private readonly long _rest; // dimensions of a head that are not turned

    internal RotaryEmbedding(RotaryConfig config, int size, int headSize)
    {
        _rest = headSize - size;
        _frequencies = Array.ConvertAll(Unscaled(config, size), config.Scale);
    }

    /// <summary>theta^(-2i/R) for each pair of the R dimensions that are turned.</summary>
    internal static float[] Unscaled(RotaryConfig config, int size)
    {
        using var scope = NewDisposeScope();
        var exponents = tensor([.. Enumerable.Range(0, size / 2).Select(i => 2f * i / size)]); // [R / 2]
        return tensor((float)config.Theta).pow(exponents).reciprocal().data<float>().ToArray();
    }

    /// <summary>Cosines and sines of positions [N], in the element type of the activations.</summary>
    internal RotaryAngles At(Tensor positions, ScalarType type)
    {
        var angles = positions.to(ScalarType.Float32).unsqueeze(1) * tensor(_frequencies, device: positions.device); // [N, R / 2]
        Tensor cosines = angles.cos(),
            sines = angles.sin();
        Tensor[] cosineParts = [cosines, cosines],
            sineParts = [sines.neg(), sines];
        if (_rest > 0)
        {
            long[] shape = [positions.size(0), _rest];
            (cosineParts, sineParts) = (
                [.. cosineParts, ones(shape, device: positions.device)],
                [.. sineParts, zeros(shape, device: positions.device)]
            );
        }

        return new RotaryAngles(cat(cosineParts, 1).to(type).unsqueeze(1), cat(sineParts, 1).to(type).unsqueeze(1), _frequencies.Length);
    }
}

/// <summary>The angles of N tokens: cosines (c, c, 1) and sines (-s, s, 0), both [N, 1, D],
/// with c and s for the pairs of the first 2 * half dimensions.</summary>
internal sealed class RotaryAngles(Tensor cosines, Tensor sines, long half)
{
    /// <summary>x [N, heads, D] with its pairs turned:
    /// x c + (x with the members of each pair exchanged) s, in four passes over x.</summary>
    internal Tensor Rotate(Tensor x)
    {
        long rest = x.size(2) - (2 * half);
        var (first, second) = (x.narrow(2, 0, half), x.narrow(2, half, half));
        var exchanged = rest == 0 ? cat([second, first], 2) : cat([second, first, x.narrow(2, 2 * half, rest)], 2);
        using TorchSharp.Scalar one = 1; // held until the call returns
        exchanged.mul_(sines);
        return exchanged.addcmul_(x, cosines, one);
    }
}
