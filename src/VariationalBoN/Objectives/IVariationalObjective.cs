namespace VariationalBoN;

/// <summary>The distribution g(y | x) that the policy is pulled to, known up to a constant per prompt.</summary>
/// <remarks>
/// The target is free of theta: theta appears only in log pi_theta, where a loss meets it. One completion in, one double out; an objective
/// owns what it needs, such as the Best-of-N distribution. <see cref="ObjectiveExtensions.LogTargets"/>
/// gives the targets of a batch. Implementations are thread-safe.
/// </remarks>
public interface IVariationalObjective
{
    /// <summary>What rewards and log pi_ref of a completion must come from; null when any will do.</summary>
    /// <remarks>That of the Best-of-N distribution that it owns (<see cref="IBoNDistribution.Origin"/>);
    /// null for an objective without one.</remarks>
    ScoringIdentity? Requires { get; }

    /// <summary>log g(y | x) up to a constant per prompt, in nats.</summary>
    /// <param name="completion">The scored completion.</param>
    /// <returns>A finite number.</returns>
    double LogTarget(ScoredCompletion completion);
}
