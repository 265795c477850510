using VariationalBoN.BestOfN;
using VariationalBoN.Objectives;

namespace VariationalBoN;

/// <summary>The lower bound L1 of the Best-of-N objective: log g = log N + (N - 1) log F(r(y)) + log pi_ref(y | x).</summary>
/// <remarks>
/// Source: Amini et al., arXiv 2407.06057: pi_bon >= N p F_lt^(N-1) by the mean value theorem. Its optimum is pi_ref F^(N-1) / Z, which is
/// KL-constrained RL with reward log F and beta = 1 / (N - 1). It equals the exact objective for continuous rewards and differs from it
/// when N times the probability of a reward level reaches about 0.3. N = 1 gives log pi_ref, whatever F is. Immutable, thread-safe.
/// </remarks>
public sealed class LowerBoundObjective : IVariationalObjective
{
    /// <summary>Creates the objective.</summary>
    /// <param name="bestOfN">The Best-of-N distribution: N and F.</param>
    /// <param name="side">Which F is used; <see cref="CdfSide.Strict"/> gives the true
    /// bound and refuses completions below which nothing lies.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="side"/> is none of the three.</exception>
    public LowerBoundObjective(IBoNDistribution bestOfN, CdfSide side = CdfSide.Midpoint)
    {
        ArgumentNullException.ThrowIfNull(bestOfN);
        if (!Enum.IsDefined(side))
            throw new ArgumentOutOfRangeException(nameof(side), side, "The side must be Strict, Midpoint or AtOrBelow.");
        (BestOfN, Side) = (bestOfN, side);
    }

    /// <summary>Which value of the reference CDF is used.</summary>
    public CdfSide Side { get; }

    /// <summary>The Best-of-N distribution that it owns.</summary>
    internal IBoNDistribution BestOfN { get; }

    /// <inheritdoc/>
    public ScoringIdentity? Requires => BestOfN.Origin;

    /// <summary>log N + (N - 1) log F(r(y)) + log pi_ref(y | x), in nats.</summary>
    /// <param name="completion">The scored completion.</param>
    /// <returns>A finite number where log pi_ref is finite.</returns>
    /// <exception cref="ArithmeticException">F = 0 on this side and N > 1, so that the bound is minus infinity.</exception>
    /// <exception cref="KeyNotFoundException">The distribution knows nothing of the prompt.</exception>
    public double LogTarget(ScoredCompletion completion)
    {
        if (BestOfN.N == 1)
            return completion.LogReference;
        LogCdfPair cdf = BestOfN.LogCdf(completion.Completion.Prompt, completion.Reward);
        double logCdf = LogCdf(cdf);
        if (double.IsNegativeInfinity(logCdf))
            throw new ArithmeticException(
                $"The lower bound is -infinity for prompt \"{completion.Completion.Prompt}\", reward {completion.Reward}: the reference "
                    + $"gives no probability to rewards "
                    + (
                        Side == CdfSide.Strict
                            ? "below it (F_lt = 0). Use CdfSide.Midpoint or CdfSide.AtOrBelow, ExactObjective"
                            : "at or below it (F_le = 0). Use"
                    )
                    + " or an empirical distribution, whose F is never 0."
            );
        return Math.Log(BestOfN.N) + ((BestOfN.N - 1) * logCdf) + completion.LogReference;
    }

    private double LogCdf(LogCdfPair cdf) =>
        Side switch
        {
            CdfSide.Strict => cdf.Below,
            CdfSide.AtOrBelow => cdf.AtOrBelow,
            _ when double.IsNegativeInfinity(cdf.AtOrBelow) => cdf.AtOrBelow,
            _ => cdf.AtOrBelow + Math.Log((1 + Math.Exp(cdf.Below - cdf.AtOrBelow)) / 2),
        };
}
