namespace VariationalBoN.Evaluation;

/// <summary>One line of a report: what the best of n reference draws gives, and at what distance from the reference. Immutable,
/// thread-safe.</summary>
public sealed record BestOfNRow
{
    /// <summary>Expected reward, its interval, and the gain over one draw.</summary>
    public required BestOfNPoint Point { get; init; }

    /// <summary>The probability that the best of n beats one more draw, ties counted half; n / (n + 1) without ties.</summary>
    public required Estimate WinRate { get; init; }

    /// <summary>KL(pi_bon || pi_ref) in nats: exact where <see cref="ReferenceReport.KlIsExact"/>, else
    /// <see cref="BestOfNKl.FromLevels"/>.</summary>
    public required Estimate Kl { get; init; }

    /// <summary><see cref="BestOfNKl.TightBound"/>; null where log pi_ref is not known.</summary>
    public Estimate? KlTightBound { get; init; }

    /// <summary>log n - (n - 1) / n, the bound that needs no samples.</summary>
    public required double KlUpperBound { get; init; }
}
