using System.Collections.Frozen;
using VariationalBoN.Numerics;

namespace VariationalBoN.BestOfN;

/// <summary>The Best-of-N distribution as estimated from reference rewards, one <see cref="EmpiricalRewardCdf"/> per prompt.</summary>
/// <remarks>Immutable, thread-safe.</remarks>
public sealed class EmpiricalBoNDistribution : IBoNDistribution
{
    private readonly IReadOnlyDictionary<string, EmpiricalRewardCdf> _cdfs;

    /// <summary>Creates the distribution of the best of n.</summary>
    /// <param name="cdfs">The reference rewards of each prompt.</param>
    /// <param name="n">N; finite, at least 1. Beyond twice the number of rewards the estimate is poor: M of 5 N gives an error of about 0.05 nats.</param>
    /// <param name="estimator">How the log-ratio is estimated.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or <paramref name="estimator"/> is out of range.</exception>
    public EmpiricalBoNDistribution(IReadOnlyDictionary<string, EmpiricalRewardCdf> cdfs, double n, RatioEstimator estimator = RatioEstimator.SelfInclusive)
    {
        ArgumentNullException.ThrowIfNull(cdfs);
        BestOfNMath.CheckN(n);
        if (!Enum.IsDefined(estimator))
            throw new ArgumentOutOfRangeException(nameof(estimator), estimator, $"The estimator must be {nameof(RatioEstimator.SelfInclusive)} or {nameof(RatioEstimator.SingleAtom)}.");
        _cdfs = cdfs is ReferenceTableCdfs ? cdfs : cdfs.ToFrozenDictionary(StringComparer.Ordinal); // a table on disk stays there
        (N, Estimator) = (n, estimator);
    }

    /// <inheritdoc/>
    public double N { get; }

    /// <summary>How the log-ratio is estimated.</summary>
    public RatioEstimator Estimator { get; }

    /// <summary>The reference rewards of a prompt.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <returns>The rewards, sorted.</returns>
    /// <exception cref="KeyNotFoundException">Nothing is known of the prompt.</exception>
    public EmpiricalRewardCdf Cdf(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (_cdfs.TryGetValue(prompt, out EmpiricalRewardCdf? cdf))
            return cdf;
        string shown = prompt.Length <= 60 ? prompt : string.Concat(prompt.AsSpan(0, 60), "...");
        throw new KeyNotFoundException($"There are no reference rewards for the prompt \"{shown}\" ({prompt.Length} characters) among the {_cdfs.Count} prompts known. Estimate them with the reference table; prompts are compared character by character.");
    }

    /// <summary>The self-inclusive estimate of both sides, whichever the estimator of the ratio: see <see cref="EmpiricalRewardCdf.SelfInclusive"/>.</summary>
    /// <inheritdoc/>
    public LogCdfPair LogCdf(string prompt, double reward) => Cdf(prompt).SelfInclusive(reward);

    /// <inheritdoc/>
    public double LogRatio(ScoredCompletion completion)
    {
        ArgumentNullException.ThrowIfNull(completion.Completion);
        EmpiricalRewardCdf cdf = Cdf(completion.Completion.Prompt);
        if (Estimator == RatioEstimator.SingleAtom)
            return LogRatioOfAtom(cdf, completion.Reward, completion.LogReference);
        (int below, int atOrBelow) = cdf.Counts(completion.Reward);
        int atoms = cdf.Count + 1;
        double gap = LogMath.Log1pUnchecked((atOrBelow + 1.0 - below) / below); // log(F_le / F_lt)
        return BestOfNMath.LogRatioOfLevel(EmpiricalRewardCdf.LogFraction(below, atoms), EmpiricalRewardCdf.LogFraction(atOrBelow + 1, atoms), gap, N);
    }

    private double LogRatioOfAtom(EmpiricalRewardCdf cdf, double reward, double logReference)
    {
        if (!(logReference <= 0))
            return BestOfNMath.LogRatio(logReference, 0, N); // a rounding error above 0 passes, anything else is named
        return BestOfNMath.LogRatio(logReference, Math.Min(cdf.LogLaplace(reward), LogMath.Log1mExp(-logReference)), N);
    }
}
