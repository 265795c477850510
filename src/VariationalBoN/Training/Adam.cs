using TorchSharp.Modules;
using VariationalBoN.Training;

namespace VariationalBoN;

/// <summary>Adam: theta &lt;- theta - rate m / (sqrt(v) + epsilon) with bias-corrected moments m and v of the gradient; bit for bit
/// <c>torch.optim.Adam</c>, and safe beside other threads.</summary>
/// <remarks>Kingma and Ba, Adam: A Method for Stochastic Optimization, 2015, algorithm 1.</remarks>
public sealed class Adam : AdamOptimizer
{
    /// <summary>Creates the optimizer of some parameters.</summary>
    /// <param name="parameters">What is trained, each once, at least one; those that require no gradient now are left out.</param>
    /// <param name="learningRate">The peak of the learning rate: finite, at least 0.</param>
    /// <param name="beta1">Decay of the mean gradient, in [0, 1).</param>
    /// <param name="beta2">Decay of the mean squared gradient, in [0, 1).</param>
    /// <param name="epsilon">Added to the root of the mean squared gradient; finite, at least 0.</param>
    /// <param name="weightDecay">The part of each weight that is added to its gradient;
    /// finite, at least 0. <see cref="AdamW"/> decays apart from the gradient.</param>
    /// <exception cref="ArgumentException">There is no parameter that trains, or one stands twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range or NaN.</exception>
    public Adam(
        IEnumerable<Parameter> parameters,
        double learningRate,
        double beta1 = 0.9,
        double beta2 = 0.999,
        double epsilon = 1e-8,
        double weightDecay = 0
    )
        : base(parameters, new AdamSettings(nameof(Adam), beta1, beta2, epsilon, weightDecay), learningRate) { }
}
