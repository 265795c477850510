using TorchSharp.Modules;
using VariationalBoN.Training;

namespace VariationalBoN;

/// <summary>AdamW: Adam with weight decay apart from the gradient, theta &lt;- (1 - rate decay) theta - rate m / (sqrt(v) + epsilon) with
/// bias-corrected moments m and v; bit for bit <c>torch.optim.AdamW</c>, and safe beside other threads.</summary>
/// <remarks>
/// Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019, algorithm 2. TorchSharp's own optimizers let go of numbers while
/// libtorch reads them (docs/troubleshooting.md); here each is held. A parameter without gradient stays as it is and its step count too.
/// Owns the moments, two tensors a parameter on its device; parameters stay the caller's. Dispose of it when done. Add it to
/// <see cref="Checkpoints"/>. Not thread-safe; independent optimizers may step at the same time.
/// </remarks>
public sealed class AdamW : IDisposable
{
    /// <summary>Creates the optimizer of some parameters.</summary>
    /// <param name="parameters">What is trained, each once, at least one; those that require no gradient now are left out.</param>
    /// <param name="learningRate">The peak of the learning rate: finite, at least 0.</param>
    /// <param name="beta1">Decay of the mean gradient, in [0, 1).</param>
    /// <param name="beta2">Decay of the mean squared gradient, in [0, 1).</param>
    /// <param name="epsilon">Added to the root of the mean squared gradient; finite, at least 0.</param>
    /// <param name="weightDecay">The part of a weight that is taken away at a learning rate of 1; finite, at least 0. PyTorch's default is
    /// 0.01.</param>
    /// <exception cref="ArgumentException">There is no parameter that trains, or one stands twice.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range or NaN.</exception>
    public AdamW(IEnumerable<Parameter> parameters, double learningRate, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double weightDecay = 0) =>
        Core = new AdamCore(parameters, new AdamSettings(nameof(AdamW), beta1, beta2, epsilon, weightDecay), learningRate);

    /// <summary>Whether steps that 16-bit weights round away are accepted; see <see cref="Step"/>.</summary>
    /// <value>False.</value>
    public bool AllowLostSteps
    {
        get => Core.AllowLostSteps;
        init => Core.AllowLostSteps = value;
    }

    /// <summary>The learning rate of the next step.</summary>
    public double LearningRate => Core.LearningRate;

    /// <summary>What the last step did to the weights; null before the first.</summary>
    public WeightUpdate? LastUpdate => Core.LastUpdate;

    internal AdamCore Core { get; }

    /// <summary>Sets the learning rate of the next step, as a schedule gives it.</summary>
    /// <param name="learningRate">Finite, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="learningRate"/> is out of range or NaN.</exception>
    public void SetLearningRate(double learningRate) => Core.SetLearningRate(learningRate);

    /// <summary>Forgets the gradients: each parameter has none until the next backward.</summary>
    public void ZeroGrad() => Core.ZeroGrad();

    /// <summary>One step along the gradients that the parameters hold.</summary>
    /// <exception cref="InvalidOperationException">
    /// At the first step: parameters are of 16 bits, and the learning rate is below 2^-8 of their median magnitude, so that at least half
    /// of the steps would be rounded away; the message names both. Not with <see cref="AllowLostSteps"/>.
    /// </exception>
    public void Step() => Core.Step();

    /// <summary>Disposes of the moments; parameters and gradients stay.</summary>
    public void Dispose() => Core.Dispose();
}
