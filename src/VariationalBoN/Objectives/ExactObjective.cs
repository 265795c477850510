namespace VariationalBoN;

/// <summary>The Best-of-N distribution itself: log g = log pi_ref(y | x) +
/// log[pi_bon(y | x) / pi_ref(y | x)] = log pi_bon(y | x).</summary>
/// <remarks>
/// Source: Amini et al., arXiv 2407.06057, eq. 3 and the objective J = E[log pi_bon] + H(pi_theta) = -KL(pi_theta || pi_bon), whose only
/// maximum, 0, is at pi_theta = pi_bon. Ties are handled by the distribution. N = 1 gives log pi_ref. Depends on the reward
/// through ranks alone: a strictly increasing transform of the reward leaves every bit of it as it was. Immutable, thread-safe.
/// </remarks>
public sealed class ExactObjective : IVariationalObjective
{
    /// <summary>Creates the objective.</summary>
    /// <param name="bestOfN">The Best-of-N distribution, such as <c>table.BestOf(n: 8)</c>.</param>
    public ExactObjective(IBoNDistribution bestOfN)
    {
        ArgumentNullException.ThrowIfNull(bestOfN);
        BestOfN = bestOfN;
    }

    /// <summary>The Best-of-N distribution that it owns.</summary>
    internal IBoNDistribution BestOfN { get; }

    /// <inheritdoc/>
    public ScoringIdentity? Requires => BestOfN.Origin;

    /// <summary>log pi_bon(y | x), in nats.</summary>
    /// <param name="completion">The scored completion.</param>
    /// <returns>The log-density, at most 0 up to rounding.</returns>
    /// <exception cref="KeyNotFoundException">The distribution knows nothing of the prompt.</exception>
    public double LogTarget(ScoredCompletion completion) => completion.LogReference + BestOfN.LogRatio(completion);
}
