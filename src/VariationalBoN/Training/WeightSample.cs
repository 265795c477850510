using TorchSharp.Modules;
using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Training;

/// <summary>Up to 65,536 weights evenly spaced over all parameters: what they were before the first step, before the last and after it.
/// Values are read back by the host only when asked for.</summary>
internal sealed class WeightSample : IDisposable
{
    private const long Size = 1 << 16;
    private readonly Parameter[] _parameters;
    private readonly long _stride;
    private Tensor? _start,
        _before,
        _after; // [S] float64

    public WeightSample(Parameter[] parameters)
    {
        _parameters = parameters;
        _stride = Math.Max(1, (parameters.Sum(parameter => parameter.numel()) + Size - 1) / Size);
    }

    /// <summary>Notes the weights that a step is going to change.</summary>
    public void Before()
    {
        Tensor now = Take(_parameters);
        if (_start is null)
            Replace(ref _start, now.clone());
        Replace(ref _before, now);
    }

    /// <summary>Notes what they have become.</summary>
    public void After() => Replace(ref _after, Take(_parameters));

    /// <summary>The weights before the first step, before the last and after it, [3, S];
    /// before any step those of now, three times. Fresh, the caller's.</summary>
    public Tensor State()
    {
        using var scope = NewDisposeScope();
        var state =
            _start is null || _before is null || _after is null
                ? Take(_parameters).expand(3, -1).contiguous()
                : stack([_start, _before, _after]);
        return state.MoveToOuterDisposeScope();
    }

    /// <summary>Goes on from such a state.</summary>
    public void Restore(Tensor state)
    {
        Replace(ref _start, state[0].clone());
        Replace(ref _before, state[1].clone());
        Replace(ref _after, state[2].clone());
    }

    /// <summary>What the last step did; null before the first.</summary>
    /// <param name="steps">How many steps there were.</param>
    /// <param name="means">The mean gradients of the parameters: not 0 where a weight has had a gradient.</param>
    public WeightUpdate? LastUpdate(long steps, IReadOnlyList<Tensor> means)
    {
        if (steps == 0 || _start is null || _before is null || _after is null)
            return null;
        using Tensor taken = Take(means);
        double[] start = _start.Doubles(),
            before = _before.Doubles(),
            after = _after.Doubles(),
            mean = taken.Doubles();
        double update = 0,
            weight = 0;
        int pulled = 0,
            changed = 0;
        for (int i = 0; i < after.Length; i++)
        {
            update += (after[i] - before[i]) * (after[i] - before[i]);
            weight += after[i] * after[i];
            bool differs = after[i] != start[i];
            changed += differs ? 1 : 0;
            pulled += differs || mean[i] != 0 ? 1 : 0;
        }

        double ratio = update == 0 ? 0 : Math.Sqrt(update / Math.Max(update, weight));
        return new WeightUpdate(steps, ratio, pulled == 0 ? 1 : (double)changed / pulled);
    }

    public void Dispose()
    {
        _start?.Dispose();
        _before?.Dispose();
        _after?.Dispose();
    }

    /// <summary>Every so-manieth element, counted through all tensors.</summary>
    private Tensor Take(IReadOnlyList<Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var parts = new List<Tensor>();
        long skip = 0;
        foreach (Tensor tensor in tensors)
        {
            var flat = tensor.detach().reshape(-1);
            if (skip < flat.numel())
                parts.Add(flat.slice(0, skip, flat.numel(), _stride).to(ScalarType.Float64));
            skip = skip < flat.numel() ? (_stride - ((flat.numel() - skip) % _stride)) % _stride : skip - flat.numel();
        }

        return cat(parts).MoveToOuterDisposeScope();
    }

    private static void Replace(ref Tensor? held, Tensor? next)
    {
        held?.Dispose();
        held = next?.DetachFromDisposeScope();
    }
}
