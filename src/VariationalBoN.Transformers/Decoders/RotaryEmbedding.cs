using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// Rotary positions: the pair (x_i, x_{i + R/2}) of a head's first R dimensions is turned by the angle position * f_i, f_i = theta^(-2i/R) before scaling.
/// </summary>
/// <remarks>
/// Source: Su et al., "RoFormer" (2021). Frequencies and angles are computed in float32 by the operations of transformers, since the rounding of a frequency grows with
/// the position. It is no module: frequencies are no part of a checkpoint.
/// </remarks>
internal sealed class RotaryEmbedding
{
    private readonly float[] _frequencies; // [R / 2]

    internal RotaryEmbedding(RotaryConfig config, int size)
    {
        using var scope = NewDisposeScope();
        var exponents = tensor([.. Enumerable.Range(0, size / 2).Select(i => 2f * i / size)]); // [R / 2]
        float[] frequencies = tensor((float)config.Theta).pow(exponents).reciprocal().data<float>().ToArray();
        _frequencies = Array.ConvertAll(frequencies, config.Scale);
    }

    /// <summary>Cosines and sines of positions [N], in the element type of the activations.</summary>
    internal RotaryAngles At(Tensor positions, ScalarType type)
    {
        var angles = positions.to(ScalarType.Float32).unsqueeze(1) * tensor(_frequencies, device: positions.device); // [N, R / 2]
        return new RotaryAngles(angles.cos().to(type).unsqueeze(1), angles.sin().to(type).unsqueeze(1));
    }
}

/// <summary>Cosines and sines [N, 1, R / 2] of the angles of N tokens.</summary>
internal sealed class RotaryAngles(Tensor cosines, Tensor sines)
{
    /// <summary>x [N, heads, D] with its first R dimensions turned.</summary>
    internal Tensor Rotate(Tensor x)
    {
        long half = cosines.size(2), rest = x.size(2) - (2 * half);
        var (first, second) = (x.narrow(2, 0, half), x.narrow(2, half, half));
        var (turnedFirst, turnedSecond) = ((first * cosines) - (second * sines), (second * cosines).Plus(first * sines));
        return rest == 0 ? cat([turnedFirst, turnedSecond], 2) : cat([turnedFirst, turnedSecond, x.narrow(2, 2 * half, rest)], 2);
    }
}
