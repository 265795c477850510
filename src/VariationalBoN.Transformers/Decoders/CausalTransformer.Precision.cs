using VariationalBoN.Internal;
using VariationalBoN.Policies;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

public abstract partial class CausalTransformer : IMixedPrecision
{
    /// <summary>
    /// Whether products with weights are computed in bfloat16, forward and backward, and everything else in float32: normalisation,
    /// attention, residual stream, log-softmax, losses, and what is added to the gradients of float32 weights.
    /// </summary>
    /// <value>Default false.</value>
    /// <remarks>
    /// Where the processor has products of bfloat16 a step of training takes a fraction of the time. The results have
    /// other bits, so it is part of <see cref="ModuleFingerprint"/>; copies by <see cref="ModuleExtensions.FrozenCopy"/>
    /// and adapted models have it from the model. The gradient of a weight is a product of bfloat16, too: its factors
    /// and the product of one pass are rounded to bfloat16, and the sum over passes is float32.
    /// </remarks>
    public bool MixedPrecision => _products.Mixed;

    /// <summary>Turns <see cref="MixedPrecision"/> on or off: before the model is used, not while another thread uses it.</summary>
    /// <remarks>
    /// Weights in bfloat16 must be frozen: they have no float32 form to which small steps could be added.
    /// </remarks>
    /// <param name="on">Whether it is on.</param>
    /// <exception cref="InvalidOperationException">The weights are of another type than float32 and bfloat16.</exception>
    public void UseMixedPrecision(bool on = true)
    {
        if (on && ElementType is not (ScalarType.Float32 or ScalarType.BFloat16))
            throw new InvalidOperationException(
                $"The weights are {ElementType}; mixed precision needs Float32, or BFloat16 below adapters."
            );
        _products.Mixed = on;
    }

    /// <summary>
    /// Whether a training pass keeps the input of each block alone and computes the block once more in the backward pass (checkpointing of
    /// activations): the same gradients for far less memory and about a third more time.
    /// </summary>
    /// <value>Default false.</value>
    /// <remarks>Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016).</remarks>
    public bool RecomputesActivations { get; private set; }

    /// <summary>Turns <see cref="RecomputesActivations"/> on or off: before the model is used, not while another thread uses it.</summary>
    /// <param name="on">Whether it is on.</param>
    public void RecomputeActivations(bool on = true) => RecomputesActivations = on;

    private ScalarType ActivationType => _products.ActivationType(ElementType);

    /// <summary>Hidden states in the element type of their product with the output layer.</summary>
    private Tensor ForHead(Tensor hidden) => MixedPrecision ? hidden.to(ScalarType.BFloat16) : hidden;

    /// <summary>Refuses mixed precision on weights that cannot train in it.</summary>
    private void RequireMasters()
    {
        if (!MixedPrecision || ElementType == ScalarType.Float32)
            return;
        if (ElementType != ScalarType.BFloat16)
            throw new InvalidOperationException(
                $"The weights are {ElementType}; mixed precision needs Float32, or BFloat16 below adapters."
            );
        if (
            is_grad_enabled()
            && named_parameters().FirstOrDefault(pair => pair.parameter.requires_grad && pair.parameter.dtype != ScalarType.Float32)
                is { name: string name }
        )
        {
            throw new InvalidOperationException(
                $"{name} is in BFloat16 and trains, but mixed precision adds its steps to float32 weights. Load the "
                    + "model in Float32, train adapters (WithLora), or freeze the model (Freeze)."
            );
        }
    }
}
