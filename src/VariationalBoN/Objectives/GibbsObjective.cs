namespace VariationalBoN;

/// <summary>The objective of KL-constrained reinforcement learning: log g = r(x, y) / beta + log pi_ref(y | x).</summary>
/// <remarks>
/// The maximum of E[r] - beta KL(pi_theta || pi_ref) is pi_ref exp(r / beta) / Z, and KL(pi_theta || g) differs from that objective by the
/// factor -1 / beta and a constant. There is no N and no CDF in it. Unlike Best-of-N it depends on the
/// scale of the reward. Immutable, thread-safe.
/// </remarks>
public sealed class GibbsObjective : IVariationalObjective
{
    /// <summary>Creates the objective.</summary>
    /// <param name="beta">The coefficient of the KL divergence, in the unit of the reward per nat; finite and above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="beta"/> is NaN, infinite, zero or negative.</exception>
    public GibbsObjective(double beta)
    {
        if (!(beta > 0 && double.IsFinite(beta)))
            throw new ArgumentOutOfRangeException(nameof(beta), beta, "beta must be a finite number above 0.");
        Beta = beta;
    }

    /// <summary>The coefficient of the KL divergence, in the unit of the reward per nat.</summary>
    public double Beta { get; }

    /// <summary>Null: it needs no distribution, so rewards and log pi_ref of any origin will do.</summary>
    public ScoringIdentity? Requires => null;

    /// <summary>r(x, y) / beta + log pi_ref(y | x), in nats.</summary>
    /// <param name="completion">The scored completion.</param>
    /// <returns>A finite number where the reward and log pi_ref are finite and r / beta does not overflow.</returns>
    public double LogTarget(ScoredCompletion completion) => (completion.Reward / Beta) + completion.LogReference;
}
