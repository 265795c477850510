namespace VariationalBoN.Losses;

/// <summary>How <see cref="ClippedRatio"/> clips and normalises.</summary>
/// <remarks>Immutable, thread-safe. Checked where it is used.</remarks>
public sealed record ClippedRatioOptions
{
    /// <summary>Added to the deviation of a group, so that equal returns give advantages of 0.</summary>
    internal const double Epsilon = 1e-8;

    /// <summary>epsilon: ratios count up to 1 + epsilon and down to 1 - epsilon; above 0 and below 1.</summary>
    public double ClipRange { get; init; } = 0.2;

    /// <summary>Whether advantages are (R - mean) / deviation of the group, as in GRPO, instead of R - mean of the others.</summary>
    public bool NormaliseByGroup { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The clip range is out of range or NaN.</exception>
    internal void Validate()
    {
        if (!(ClipRange > 0 && ClipRange < 1))
            throw new ArgumentException(FormattableString.Invariant($"ClipRange is {ClipRange}; it must be above 0 and below 1."));
    }
}
