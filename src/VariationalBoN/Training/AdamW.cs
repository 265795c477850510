using TorchSharp.Modules;
using VariationalBoN.Training;

namespace VariationalBoN;

/// <summary>AdamW: Adam with weight decay apart from the gradient, theta &lt;- (1 - rate decay) theta - rate m / (sqrt(v) + epsilon) with
/// bias-corrected moments m and v; bit for bit <c>torch.optim.AdamW</c>, and safe beside other threads.</summary>
/// <remarks>Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, algorithm 2.</remarks>
public sealed class AdamW : AdamOptimizer
{
    /// <summary>Creates the optimizer of some parameters.</summary>
    /// <param name="parameters">What is trained, each once, at least one; those that require no gradient now are left out.</param>
    /// <param name="learningRate">The peak of the learning rate: finite, at least 0.</param>
    /// <param name="beta1">Decay of the mean gradient, in [0, 1).</param>
    /// <param name="beta2">Decay of the mean squared gradient, in [0, 1).</param>
    /// <param name="epsilon">Added to the root of the mean squared gradient; finite, at least 0.</param>
    /// <param name="weightDecay">The part of a weight that is taken away at a learning rate of 1;
    /// finite, at least 0. PyTorch's default is 0.01.</param>
    /// <exception cref="ArgumentException">There is no parameter that trains, or one stands twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range or NaN.</exception>
    public AdamW(
        IEnumerable<Parameter> parameters,
        double learningRate,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0
    )
        : base(parameters, new AdamSettings(nameof(AdamW), beta1, beta2, epsilon, weightDecay), learningRate) { }
}
