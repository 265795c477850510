using VariationalBoN.Numerics;

namespace VariationalBoN.BestOfN;

/// <summary>
/// The exact Best-of-N distribution for a known distribution of rewards under the reference: for tests and small problems.
/// </summary>
/// <remarks>
/// Where F_lt and F_le differ, the tie-aware form is used and must leave room for the completion; where they are equal the caller
/// gave F_lt alone, and the completion is the only one with its reward. As thread-safe as the function it was given.
/// </remarks>
public sealed class KnownCdfBoNDistribution : IBoNDistribution
{
    private readonly Func<Prompt, double, LogCdfPair> _logCdf;

    /// <summary>Creates the distribution of the best of n.</summary>
    /// <param name="logCdf">(prompt, reward) to log P_ref(r &lt; reward) and log P_ref(r &lt;= reward);
    /// equal where one does not know the second.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range.</exception>
    public KnownCdfBoNDistribution(Func<Prompt, double, LogCdfPair> logCdf, double n)
    {
        ArgumentNullException.ThrowIfNull(logCdf);
        BestOfNMath.CheckN(n);
        (_logCdf, N) = (logCdf, n);
    }

    /// <inheritdoc/>
    public double N { get; }

    /// <summary>Null: the caller, who gives the CDF, is responsible for its origin.</summary>
    public ScoringIdentity? Origin => null;

    /// <inheritdoc/>
    public LogCdfPair LogCdf(Prompt prompt, double reward)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (!double.IsFinite(reward))
            throw new ArgumentOutOfRangeException(nameof(reward), reward, "A reward must be finite.");
        return _logCdf(prompt, reward);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The completion is more probable than its reward level, or F + p exceeds 1.</exception>
    public double LogRatio(ScoredCompletion completion)
    {
        ArgumentNullException.ThrowIfNull(completion.Completion);
        LogCdfPair pair = LogCdf(completion.Completion.Prompt, completion.Reward);
        if (pair.Below == pair.AtOrBelow)
            return BestOfNMath.LogRatio(completion.LogReference, pair.Below, N);
        double ratio = BestOfNMath.LogRatioWithTies(pair.Below, pair.AtOrBelow, N);
        double logLevel = LogMath.LogSubExp(pair.AtOrBelow, pair.Below);
        if (!(completion.LogReference <= logLevel + LevelSlack(pair, logLevel)))
            throw new ArgumentOutOfRangeException(
                nameof(completion),
                completion.LogReference,
                $"A completion cannot be more probable than its reward level: log pi_ref = {completion.LogReference:R}, log(F_le - F_lt) "
                    + $"= {logLevel:R} for reward {completion.Reward:R}. Check that log pi_ref sums all tokens and that the CDF is that "
                    + $"of the same reference."
            );
        return ratio;
    }

    /// <inheritdoc/>
    public double LogDensity(ScoredCompletion completion) => Math.Min(0, completion.LogReference + LogRatio(completion));

    /// <summary>1e-9, plus what rounding both sides to doubles can do to the logarithm of a thin level.</summary>
    private static double LevelSlack(LogCdfPair pair, double logLevel) =>
        1e-9 + (double.IsNegativeInfinity(pair.Below) ? 0 : 4e-16 * (1 - pair.Below) * Math.Exp(pair.AtOrBelow - logLevel));
}
