using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>Hidden states as a value head reads them. Immutable, thread-safe.</summary>
/// <param name="width">C, the width of the reference.</param>
/// <param name="layers">The number of layers beside the last hidden states.</param>
internal sealed class LayerStates(long width, int layers)
{
    private const double Epsilon = 1e-5; // beside the variance

    /// <summary>C (1 + layers).</summary>
    public long Width => width * (1 + layers);

    /// <summary>
    /// The last hidden states as they are, and each layer beside them at mean 0 and variance 1 over its C numbers: a residual stream is not
    /// normalised, and grows from block to block.
    /// </summary>
    /// <param name="told">What the reference tells, [R, C (1 + layers)], of any type.</param>
    /// <returns>[R, C (1 + layers)], float32.</returns>
    /// <exception cref="ArgumentException">It tells other layers.</exception>
    public Tensor Of(Tensor told)
    {
        if (told.size(1) != Width)
            throw new ArgumentException(
                $"The hidden states are {Shown.Shape(told.shape)}; the value head reads [{told.size(0)}, {Width}], {layers} layers beside "
                    + $"the last {width} numbers. A class that wraps a value head must hand on its {nameof(IPrefixValue.ReferenceLayers)}.",
                nameof(told)
            );
        var wide = told.to(ScalarType.Float32);
        if (layers == 0)
            return wide;
        var streams = wide.narrow(1, width, layers * width).reshape(-1, layers, width);
        var normalised = nn.functional.layer_norm(streams, [width], eps: Epsilon);
        return cat([wide.narrow(1, 0, width), normalised.reshape(-1, layers * width)], 1);
    }
}
