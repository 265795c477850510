namespace VariationalBoN.Losses;

/// <summary>How <see cref="ClippedRatio"/> clips and normalises.</summary>
/// <remarks>Immutable, thread-safe. Checked where it is used.</remarks>
public sealed record ClippedRatioOptions
{
    /// <summary>epsilon: ratios count up to 1 + epsilon and down to 1 - epsilon; above 0 and below 1.</summary>
    /// <value>Default 0.2.</value>
    public double ClipRange { get; init; } = 0.2;

    /// <summary>Whether advantages are (R - mean) / deviation of the group, as in GRPO, instead of R - mean of the others.</summary>
    /// <value>Default false.</value>
    /// <remarks>
    /// The advantage is multiplied by 1 - (s / deviation)^2, or by 0 for a deviation below s. Here s is the
    /// rounding of log-probabilities that are sums of float32 ones, which is taken as 2^-20 of the largest |log
    /// pi_old| of the group, or of 16 nats if that is more. Without this factor, returns that differ by rounding
    /// alone would have advantages as large as any. With deviations above 0.01 nats its effect is negligible.
    /// </remarks>
    public bool NormaliseByGroup { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The clip range is out of range or NaN.</exception>
    internal void Validate()
    {
        if (!(ClipRange > 0 && ClipRange < 1))
            throw new ArgumentException(FormattableString.Invariant($"ClipRange is {ClipRange}; it must be above 0 and below 1."));
    }
}
