namespace VariationalBoN;

/// <summary>
/// Bounds another objective from below: its log-ratio to the reference is at least a floor,
/// log g' = log pi_ref + max(log g - log pi_ref, floor).
/// </summary>
/// <remarks>
/// For regression on reference samples (<c>SquaredLogRatio</c>): the worst samples of a prompt have log-ratios like (N - 1) log(1 / M), and
/// squares of them would rule the loss. Where g' is cut it asks for more probability than g does, so the optimum lies nearer to the
/// reference: a floor of -6 hardly matters up to N = 8 and saturates beyond N = 16. Immutable, thread-safe.
/// </remarks>
public sealed class ClippedObjective : IVariationalObjective
{
    /// <summary>Creates the objective.</summary>
    /// <param name="inner">The objective that is cut; normalised relative to the reference,
    /// as the exact and the lower-bound objective are.</param>
    /// <param name="floor">The lowest log-ratio to the reference, in nats; finite and below 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="floor"/> is NaN, infinite, zero or positive.</exception>
    public ClippedObjective(IVariationalObjective inner, double floor)
    {
        ArgumentNullException.ThrowIfNull(inner);
        if (!(floor < 0 && double.IsFinite(floor)))
            throw new ArgumentOutOfRangeException(nameof(floor), floor, "The floor of the log-ratio must be finite and below 0.");
        (Inner, Floor) = (inner, floor);
    }

    /// <summary>The lowest log-ratio to the reference, in nats.</summary>
    public double Floor { get; }

    /// <summary>The objective that is cut.</summary>
    internal IVariationalObjective Inner { get; }

    /// <inheritdoc/>
    public ScoringIdentity? Requires => Inner.Requires;

    /// <inheritdoc/>
    public double LogTarget(ScoredCompletion completion) =>
        completion.LogReference + Math.Max(Inner.LogTarget(completion) - completion.LogReference, Floor);
}
