using VariationalBoN.BestOfN;
using VariationalBoN.Internal;
using VariationalBoN.Objectives;
using static TorchSharp.torch;

namespace VariationalBoN.Torch;

/// <summary>
/// Computes the targets log g(y | x) of a batch as a tensor on a device,
/// where <see cref="ObjectiveExtensions.LogTargets"/> gives doubles.
/// </summary>
/// <remarks>
/// The device form of <see cref="ObjectiveExtensions.LogTargets"/>, over <see cref="TorchBoNDistribution"/>: rewards and log pi_ref of the
/// batch are copied to the device, and nothing is read back. There is one for <see cref="ExactObjective"/>,
/// <see cref="LowerBoundObjective"/> and <see cref="CalibratedTiltObjective"/> over a <see cref="EmpiricalBoNDistribution"/>, for
/// <see cref="GibbsObjective"/>, and for <see cref="ClippedObjective"/> over these; other objectives give doubles alone. Numbers are
/// float64 and those of the double core within 1e-12 times their size. It owns the sorted reference rewards of all prompts on the device, 8
/// bytes times the next power of two above M for each prompt: dispose of it. Reading is thread-safe.
/// </remarks>
public sealed class TorchTargets : IDisposable
{
    private readonly IVariationalObjective _objective;
    private readonly IVariationalObjective _inner; // what stands under the clipping
    private readonly double _floor; // -infinity where nothing is clipped
    private readonly EmpiricalBoNDistribution? _core;
    private readonly TorchBoNDistribution? _bestOfN;
    private readonly Dictionary<Prompt, long> _index = [];

    /// <summary>Copies what the objective needs to a device.</summary>
    /// <param name="objective">An objective that <see cref="Supports"/> accepts.</param>
    /// <param name="device">The device of the policy; the CPU when null.</param>
    /// <exception cref="ArgumentException">The objective has no device form, or prompts differ in their tie tolerance.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public TorchTargets(IVariationalObjective objective, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(objective);
        (_objective, Device) = (objective, device ?? CPU);
        (_inner, _floor) = Unclipped(objective);
        if (!Supports(objective))
            throw new ArgumentException(
                $"{Described(_inner)} has no device form; use its LogTargets, which are doubles.",
                nameof(objective)
            );
        TorchRuntime.Require();
        _core = BestOfN(_inner) as EmpiricalBoNDistribution;
        if (_core is null)
            return;
        var cdfs = new List<EmpiricalRewardCdf>(_core.Cdfs.Count);
        foreach ((Prompt prompt, EmpiricalRewardCdf cdf) in _core.Cdfs)
        {
            _index.Add(prompt, cdfs.Count);
            cdfs.Add(cdf);
        }

        // the core has warned
        _bestOfN = new TorchBoNDistribution(cdfs, _core.N, Device, ScalarType.Float64, _core.Estimator, _core.IsLeaveOneOut);
    }

    /// <summary>The device that the targets are computed on.</summary>
    public Device Device { get; }

    /// <summary>Whether an objective has a device form.</summary>
    /// <param name="objective">The objective.</param>
    /// <returns>False for an objective of your own, and for a Best-of-N distribution that is not an
    /// <see cref="EmpiricalBoNDistribution"/>.</returns>
    public static bool Supports(IVariationalObjective objective)
    {
        ArgumentNullException.ThrowIfNull(objective);
        var inner = Unclipped(objective).Inner;
        return inner is GibbsObjective || BestOfN(inner) is EmpiricalBoNDistribution;
    }

    /// <summary>log g(y | x) of each completion of a batch, in nats, up to a constant per prompt.</summary>
    /// <remarks>On the CPU a target that is NaN or infinite is refused;
    /// on another device a check would wait for it, so there it is NaN, and so is the loss.</remarks>
    /// <param name="scored">B scored completions.</param>
    /// <returns>A fresh tensor [B], float64 on <see cref="Device"/>, without gradient, the caller's to dispose.</returns>
    /// <exception cref="InvalidOperationException">The batch was scored by another reference, reward model or way of scoring than the
    /// objective is about, or where one of the two comes from is not known; the message names what differs.</exception>
    /// <exception cref="KeyNotFoundException">The distribution knows nothing of a prompt.</exception>
    /// <exception cref="ArithmeticException">A target is NaN or infinite, on the CPU; the message names the completion.</exception>
    public Tensor LogTargets(ScoredBatch scored)
    {
        ArgumentNullException.ThrowIfNull(scored);
        ScoringIdentity.RequireMatch(_objective.Requires, scored);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor reward = tensor([.. scored.Select(item => item.Reward)], float64, Device),
            logReference = tensor([.. scored.Select(item => item.LogReference)], float64, Device); // [B]
        Tensor targets = _inner switch
        {
            GibbsObjective gibbs => TorchBoNDistribution.LogGibbs(reward, logReference, gibbs.Beta),
            CalibratedTiltObjective tilt => _bestOfN!
                .LogCdf(Indices(scored), reward, CdfSide.Midpoint)
                .exp()
                .Times(tilt.C)
                .Plus(logReference),
            LowerBoundObjective bound => _bestOfN!.LogLowerBound(Indices(scored), reward, logReference, bound.Side),
            _ => _bestOfN!.LogDensity(Indices(scored), reward, logReference),
        }; // [B]
        if (Device.type == TorchSharp.DeviceType.CPU)
            RequireFinite(targets, scored);
        targets = where(targets.isfinite(), targets, targets.FilledWith(double.NaN));
        if (_floor > double.NegativeInfinity)
            targets = (targets - logReference).AtLeast(_floor).Plus(logReference);
        return targets.MoveToOuterDisposeScope();
    }

    /// <summary>Disposes of the rewards on the device.</summary>
    public void Dispose() => _bestOfN?.Dispose();

    private static (IVariationalObjective Inner, double Floor) Unclipped(IVariationalObjective objective)
    {
        double floor = double.NegativeInfinity;
        for (; objective is ClippedObjective clipped; objective = clipped.Inner)
            floor = Math.Max(floor, clipped.Floor);
        return (objective, floor);
    }

    private static IBoNDistribution? BestOfN(IVariationalObjective objective) =>
        objective switch
        {
            ExactObjective exact => exact.BestOfN,
            LowerBoundObjective bound => bound.BestOfN,
            CalibratedTiltObjective tilt => tilt.BestOfN,
            _ => null,
        };

    private static string Described(IVariationalObjective objective) =>
        BestOfN(objective) is { } bestOfN ? $"{objective.GetType().Name} over {bestOfN.GetType().Name}" : objective.GetType().Name;

    private Tensor Indices(ScoredBatch scored)
    {
        long[] indices = new long[scored.Count];
        for (int i = 0; i < indices.Length; i++)
        {
            Prompt prompt = scored[i].Completion.Prompt;
            if (!_index.TryGetValue(prompt, out indices[i]))
                _core!.Cdf(prompt); // throws, and says what to do
        }

        return tensor(indices, int64, Device); // [B]
    }

    private void RequireFinite(Tensor targets, ScoredBatch scored)
    {
        double[] values = targets.Doubles();
        for (int i = 0; i < values.Length; i++)
        {
            if (!double.IsFinite(values[i]))
                throw new ArithmeticException(
                    $"{_objective.GetType().Name} gave the target {values[i]} for completion {i} of prompt "
                        + $"\"{scored[i].Completion.Prompt}\" (reward {scored[i].Reward}, log pi_ref {scored[i].LogReference}); a target "
                        + $"must be finite."
                );
        }
    }
}
