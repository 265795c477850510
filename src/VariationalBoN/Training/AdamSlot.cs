using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Training;

/// <summary>One parameter, the caller's, with its moments and how often it was stepped.</summary>
internal sealed class AdamSlot : IDisposable
{
    public AdamSlot(Parameter parameter)
    {
        using var noGradient = no_grad();
        Parameter = parameter;
        Mean = zeros_like(parameter).DetachFromDisposeScope();
        Square = zeros_like(parameter).DetachFromDisposeScope();
    }

    public Parameter Parameter { get; }

    public Tensor Mean { get; }

    public Tensor Square { get; }

    public long Steps { get; set; }

    public void Dispose()
    {
        Mean.Dispose();
        Square.Dispose();
    }
}
