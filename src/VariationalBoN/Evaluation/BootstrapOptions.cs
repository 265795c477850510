namespace VariationalBoN.Evaluation;

/// <summary>How intervals over prompts are made: whole prompts are drawn with replacement. Immutable, thread-safe.</summary>
/// <remarks>
/// Percentile interval of the resampled means, its level widened for few prompts: Phi(-sqrt(P / (P - 1)) t_{P - 1}) instead of (1 -
/// confidence) / 2 (Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015).
/// Below some 8 prompts it is still too narrow.
/// </remarks>
public sealed record BootstrapOptions
{
    /// <summary>Resamples, at least 100.</summary>
    /// <value>Default 1000, enough for numbers that are published.</value>
    public int Resamples { get; init; } = 1000;

    /// <summary>The share of intervals that hold the truth, above 0 and below 1.</summary>
    /// <value>Default 0.95.</value>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Fixes the resamples, which are of purpose <see cref="DrawPurpose.Resampling"/>.</summary>
    /// <value>Default 0.</value>
    public long Seed { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (Resamples < 100)
            faults.Add($"Resamples is {Resamples}; it must be at least 100");
        if (!(Confidence > 0 && Confidence < 1))
            faults.Add(FormattableString.Invariant($"Confidence is {Confidence}; it must be above 0 and below 1, such as 0.95"));
        if (faults.Count > 0)
            throw new ArgumentException($"The bootstrap options are not usable: {string.Join("; ", faults)}.");
    }
}
