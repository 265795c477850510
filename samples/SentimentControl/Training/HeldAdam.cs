using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SentimentControl.Training;

/// <summary>Adam without weight decay, bit for bit that of <c>torch.optim.Adam</c>, safe beside other threads. Not itself thread-safe.</summary>
/// <remarks>
/// TorchSharp 0.107's optimizers hand numbers to libtorch in objects that nothing holds during the call, so a garbage collection that another thread
/// causes can free one while it is read ("Unknown scalar type", or worse a wrong number). This program trains several models at a time; here
/// each number is held until its call has returned. docs/troubleshooting.md tells more.
/// </remarks>
internal sealed class HeldAdam : IDisposable
{
    private const double Epsilon = 1e-8;
    private readonly (Parameter Parameter, Tensor Mean, Tensor Square)[] _slots;
    private readonly double _beta1, _beta2;
    private int _steps;

    /// <param name="parameters">What is trained.</param>
    /// <param name="beta1">Decay of the mean gradient.</param>
    /// <param name="beta2">Decay of the mean squared gradient.</param>
    public HeldAdam(IEnumerable<Parameter> parameters, double beta1 = 0.9, double beta2 = 0.999)
    {
        (_beta1, _beta2) = (beta1, beta2);
        using var scope = NewDisposeScope();
        _slots = [.. parameters.Select(p => (p, zeros_like(p).DetachFromDisposeScope(), zeros_like(p).DetachFromDisposeScope()))];
    }

    /// <summary>One step along the gradients that the parameters hold; a parameter without gradient stays.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    public void Step(double learningRate)
    {
        _steps++;
        double correction1 = 1 - Math.Pow(_beta1, _steps), correction2 = 1 - Math.Pow(_beta2, _steps);
        using Scalar beta1 = _beta1, rest1 = 1 - _beta1, beta2 = _beta2, rest2 = 1 - _beta2, root = Math.Sqrt(correction2), epsilon = Epsilon, rate = -learningRate / correction1;
        using var noGradient = no_grad();
        foreach ((Parameter parameter, Tensor mean, Tensor square) in _slots)
        {
            using var scope = NewDisposeScope();
            if (parameter.grad is not { } gradient)
                continue;
            mean.mul_(beta1).add_(gradient, rest1);
            square.mul_(beta2).addcmul_(gradient, gradient, rest2);
            parameter.addcdiv_(mean, square.sqrt().div(root).add_(epsilon), rate);
        }
    }

    public void Dispose()
    {
        foreach (var slot in _slots)
        {
            slot.Mean.Dispose();
            slot.Square.Dispose();
        }
    }
}
