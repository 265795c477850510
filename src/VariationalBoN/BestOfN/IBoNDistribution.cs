using VariationalBoN.BestOfN;

namespace VariationalBoN;

/// <summary>The distribution pi_bon(y | x) of the best of N draws from the reference, one per prompt.</summary>
/// <remarks>
/// With p = pi_ref(y | x) and F = P_ref(r &lt; r(y)): pi_bon = (F + p)^N - F^N without ties (Amini et al., arXiv 2407.06057, eq. 3), and
/// p / q * (F_le^N - F_lt^N) with q = F_le - F_lt when completions share a reward
/// and ties are broken uniformly. Implementations are thread-safe.
/// </remarks>
public interface IBoNDistribution
{
    /// <summary>N, the number of draws of which the best is kept; any real number, at least 1.</summary>
    double N { get; }

    /// <summary>What the rewards and log pi_ref that it is about come from; null when it holds whatever they come from.</summary>
    /// <remarks>Objectives refuse scored batches of another origin.</remarks>
    ScoringIdentity? Origin { get; }

    /// <summary>log F_lt and log F_le of a reward under the reference.</summary>
    /// <param name="prompt">The prompt x.</param>
    /// <param name="reward">r(x, y), finite.</param>
    /// <returns>Both logarithms.</returns>
    /// <exception cref="KeyNotFoundException">Nothing is known of the prompt.</exception>
    LogCdfPair LogCdf(Prompt prompt, double reward);

    /// <summary>log pi_bon(y | x) - log pi_ref(y | x), in nats, at most log N.</summary>
    /// <param name="completion">The scored completion.</param>
    /// <returns>The log-ratio; 0 for N = 1.</returns>
    /// <exception cref="KeyNotFoundException">Nothing is known of the prompt.</exception>
    double LogRatio(ScoredCompletion completion);

    /// <summary>log pi_bon(y | x) = log pi_ref(y | x) + <see cref="LogRatio"/>, in nats.</summary>
    /// <param name="completion">The scored completion.</param>
    /// <returns>The log-density.</returns>
    /// <exception cref="KeyNotFoundException">Nothing is known of the prompt.</exception>
    double LogDensity(ScoredCompletion completion) => completion.LogReference + LogRatio(completion);
}
