namespace VariationalBoN.Evaluation;

/// <summary>One line of a report: what the best of n reference draws gives,
/// and at what distance from the reference. Immutable, thread-safe.</summary>
public sealed record BestOfNRow
{
    /// <summary>Expected reward, its interval, and the gain over one draw.</summary>
    public required BestOfNPoint Point { get; init; }

    /// <summary>The probability that the best of n beats one more draw, ties counted half; n / (n + 1) without ties.</summary>
    public required Estimate WinRate { get; init; }

    /// <summary>
    /// KL(pi_bon || pi_ref) in nats: exact where <see cref="ReferenceReport.KlIsExact"/>; otherwise computed with the
    /// share of samples at each reward in place of its probability, which is too low by about the relative amount n / M.
    /// </summary>
    public required Estimate Kl { get; init; }

    /// <summary>
    /// A tighter upper bound than <see cref="KlUpperBound"/>: the mean over y ~ pi_bon of <see cref="Numerics.BestOfNMath.KlTopAtomBound"/>
    /// with e = pi_ref(y); null where log pi_ref is not known.
    /// </summary>
    public Estimate? KlTightBound { get; init; }

    /// <summary>log n - (n - 1) / n, the bound that needs no samples.</summary>
    public required double KlUpperBound { get; init; }
}
