using static TorchSharp.torch;

namespace VariationalBoN.Tests.ExtensionsAI.Serving;

/// <summary>A module whose passes wait until they are let through.</summary>
internal sealed class GatedModule : nn.Module<Tensor, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> inner;
    private readonly SemaphoreSlim _gate = new(0),
        _arrived = new(0);

    internal GatedModule(nn.Module<Tensor, Tensor> inner)
        : base(nameof(GatedModule))
    {
        this.inner = inner;
        _gate.Release(); // of the probe when a policy is made
        RegisterComponents();
        eval();
    }

    /// <summary>Waits until a pass has come that was not waited for yet; that of the probe is the first.</summary>
    internal Task ArrivalAsync() => _arrived.WaitAsync();

    /// <summary>Lets so many passes through.</summary>
    internal void Open(int passes) => _gate.Release(passes);

    public override Tensor forward(Tensor input)
    {
        _arrived.Release();
        if (!_gate.Wait(TimeSpan.FromSeconds(30)))
            throw new TimeoutException("Nobody opened the gate within 30 s.");
        return inner.call(input);
    }
}
