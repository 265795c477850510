using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using VariationalBoN.Internal;
using VariationalBoN.Numerics;

namespace VariationalBoN.BestOfN;

/// <summary>The Best-of-N distribution as estimated from reference rewards, one <see cref="EmpiricalRewardCdf"/> per prompt.</summary>
/// <remarks>For new completions; the reference samples themselves are ranked by
/// <see cref="LeaveOneOut"/>. Immutable, thread-safe.</remarks>
public sealed class EmpiricalBoNDistribution : IBoNDistribution
{
    /// <summary>Creates the distribution of the best of n.</summary>
    /// <param name="cdfs">The reference rewards of each prompt.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="estimator">How F and the log-ratio are estimated.</param>
    /// <param name="logger">Told once, here, when there are too few rewards for N (<see cref="Warning"/>); null for none.</param>
    /// <param name="origin">What the rewards come from; null when the caller vouches for them.</param>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or <paramref name="estimator"/> is out of range.</exception>
    public EmpiricalBoNDistribution(
        IReadOnlyDictionary<Prompt, EmpiricalRewardCdf> cdfs,
        double n,
        RatioEstimator estimator = RatioEstimator.SelfInclusive,
        ILogger? logger = null,
        ScoringIdentity? origin = null
    )
    {
        ArgumentNullException.ThrowIfNull(cdfs);
        BestOfNMath.CheckN(n);
        CheckEstimator(estimator);
        if (cdfs.Count == 0)
            throw new ArgumentException("There is no prompt; give the reference rewards of at least one.", nameof(cdfs));
        Cdfs = cdfs is ICdfsOnDemand ? cdfs : cdfs.ToFrozenDictionary(); // what is on disk stays there
        (N, Estimator, Origin) = (n, estimator, origin);
        Warning = SampleWarning.Of(cdfs is ICdfsOnDemand kept ? kept.Counts : [.. Cdfs.Values.Select(cdf => cdf.Count)], n);
        if (Warning is not null)
            logger?.TooFewSamples(Warning);
    }

    private EmpiricalBoNDistribution(EmpiricalBoNDistribution other) =>
        (Cdfs, IsLeaveOneOut, N, Estimator, Origin, Warning) = (other.Cdfs, true, other.N, other.Estimator, other.Origin, other.Warning);

    /// <inheritdoc/>
    public double N { get; }

    /// <inheritdoc/>
    public ScoringIdentity? Origin { get; }

    /// <summary>How F and the log-ratio are estimated.</summary>
    public RatioEstimator Estimator { get; }

    /// <summary>What <see cref="SamplePlanner.Warning"/> says of N and of the prompt with the fewest rewards;
    /// null when there are enough.</summary>
    public string? Warning { get; }

    /// <summary>The reference rewards of all prompts.</summary>
    internal IReadOnlyDictionary<Prompt, EmpiricalRewardCdf> Cdfs { get; }

    /// <summary>Whether completions are themselves among the rewards.</summary>
    internal bool IsLeaveOneOut { get; }

    /// <summary>
    /// The distribution for completions that are themselves among the reference samples:
    /// each is ranked among the other M - 1 of its prompt.
    /// </summary>
    /// <remarks>For losses on the reference samples. Ranked as if it were new, a sample would be counted twice, once as itself.
    /// It refuses rewards that are not among the M.</remarks>
    /// <returns>A distribution that shares these rewards.</returns>
    public EmpiricalBoNDistribution LeaveOneOut() => IsLeaveOneOut ? this : new(this);

    /// <summary>The reference rewards of a prompt.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <returns>The rewards, sorted.</returns>
    /// <exception cref="KeyNotFoundException">Nothing is known of the prompt.</exception>
    public EmpiricalRewardCdf Cdf(Prompt prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (Cdfs.TryGetValue(prompt, out EmpiricalRewardCdf? cdf))
            return cdf;
        throw new KeyNotFoundException(
            $"There are no reference rewards for the prompt {Shown.Quoted(prompt.Canonical)} ({prompt.Canonical.Length} characters) among "
                + $"the {Cdfs.Count} prompts known. Estimate them with the reference table; prompts are compared character by character."
        );
    }

    /// <summary>log F_lt and log F_le as <see cref="Estimator"/> estimates them;
    /// equal for <see cref="RatioEstimator.SingleAtom"/>, which knows F_lt alone.</summary>
    /// <inheritdoc/>
    public LogCdfPair LogCdf(Prompt prompt, double reward) => Ranks(Cdf(prompt), reward).LogCdf(Estimator);

    /// <inheritdoc/>
    public double LogRatio(ScoredCompletion completion)
    {
        ArgumentNullException.ThrowIfNull(completion.Completion);
        return Ranks(Cdf(completion.Completion.Prompt), completion.Reward).LogRatio(Estimator, completion.LogReference, N);
    }

    internal static void CheckEstimator(RatioEstimator estimator)
    {
        if (!Enum.IsDefined(estimator))
            throw new ArgumentOutOfRangeException(
                nameof(estimator),
                estimator,
                $"The estimator must be one of {string.Join(", ", Enum.GetNames<RatioEstimator>())}."
            );
    }

    private RankCounts Ranks(EmpiricalRewardCdf cdf, double reward) => IsLeaveOneOut ? cdf.RanksAmongOthers(reward) : cdf.Ranks(reward);
}
