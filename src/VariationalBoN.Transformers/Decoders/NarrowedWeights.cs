using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// The weights of a model in bfloat16 for as long as one decoding, and those made of it, go on:
/// each is narrowed once instead of at every token. For one thread at a time.
/// </summary>
internal sealed class NarrowedWeights : IDisposable
{
    [ThreadStatic]
    private static NarrowedWeights? t_current;

    private readonly Dictionary<Tensor, Tensor> _narrowed = new(ReferenceEqualityComparer.Instance);
    private int _users = 1;

    /// <summary>The weight in bfloat16, where a decoding is at work on this thread; null elsewhere.</summary>
    internal static Tensor? Find(Tensor weight) => t_current?.Of(weight);

    /// <summary>One more decoding that disposes.</summary>
    internal NarrowedWeights Share()
    {
        _users++;
        return this;
    }

    /// <summary>What is computed until the result is disposed of uses these weights.</summary>
    internal static Use Begin(NarrowedWeights? weights)
    {
        var use = new Use(t_current);
        t_current = weights;
        return use;
    }

    public void Dispose()
    {
        if (--_users > 0)
            return;
        foreach (var tensor in _narrowed.Values)
            tensor.Dispose();
        _narrowed.Clear();
    }

    private Tensor? Of(Tensor weight)
    {
        if (is_grad_enabled() || weight.dtype == ScalarType.BFloat16)
            return null;
        if (!_narrowed.TryGetValue(weight, out var narrow))
            _narrowed.Add(weight, narrow = weight.detach().to(ScalarType.BFloat16).DetachFromDisposeScope());
        return narrow;
    }

    /// <summary>Ends the use.</summary>
    internal readonly struct Use(NarrowedWeights? outer) : IDisposable
    {
        public void Dispose() => t_current = outer;
    }
}
