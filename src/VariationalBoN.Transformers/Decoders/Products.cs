using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// How one model multiplies by its weights: every product of activations and a weight is computed here, so that their precision is one
/// decision. Thread-safe as long as no thread changes <see cref="Mixed"/>.
/// </summary>
internal sealed class Products
{
    /// <summary>Whether products are computed in bfloat16, forward and backward, and everything else in float32.</summary>
    internal bool Mixed { get; set; }

    /// <summary>The element type of activations where weights have a type.</summary>
    internal ScalarType ActivationType(ScalarType weights) => Mixed ? ScalarType.Float32 : weights;

    /// <summary>x W + b, [N, in] to [N, out].</summary>
    /// <param name="x">[N, in].</param>
    /// <param name="weight">[out, in], or [in, out] where <paramref name="inputFirst"/>.</param>
    /// <param name="bias">[out]; null for none.</param>
    /// <param name="inputFirst">The layout of the weight.</param>
    internal Tensor Of(Tensor x, Tensor weight, Tensor? bias = null, bool inputFirst = false)
    {
        if (Mixed)
        {
            var y = MixedProduct.Of(x, weight, inputFirst, NarrowedWeights.Find(weight));
            return bias is null ? y : y.Plus(bias);
        }

        return !inputFirst ? nn.functional.linear(x, weight, bias)
            : bias is null ? x.mm(weight)
            : addmm(bias, x, weight, 1, 1);
    }
}
