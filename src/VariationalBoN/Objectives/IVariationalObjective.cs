namespace VariationalBoN;

/// <summary>The distribution g(y | x) that the policy is pulled to, known up to a constant per prompt.</summary>
/// <remarks>
/// The objective is free of theta: theta appears only in log pi_theta, where a loss (namespace Losses) meets log g. One
/// completion in, one double out; an extension method gives those of a batch. Implementations are thread-safe.
/// </remarks>
public interface IVariationalObjective
{
    /// <summary>log g(y | x) up to a constant per prompt, in nats.</summary>
    /// <param name="bestOfN">The Best-of-N distribution.</param>
    /// <param name="completion">The scored completion.</param>
    /// <returns>A finite number.</returns>
    double LogTarget(IBoNDistribution bestOfN, ScoredCompletion completion);
}
