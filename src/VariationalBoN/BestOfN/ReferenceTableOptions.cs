using VariationalBoN.Rewards;

namespace VariationalBoN.BestOfN;

/// <summary>How a reference table is estimated.</summary>
/// <remarks>Immutable. Checked where it is used, all faults in one message.</remarks>
public sealed record ReferenceTableOptions
{
    /// <summary>M, the reference samples of each prompt, at least 1. The error of the target is about N / (4 M) nats.</summary>
    public int SamplesPerPrompt { get; init; } = 256;

    /// <summary>Fixes the draws, which are of purpose <see cref="DrawPurpose.Reference"/>.</summary>
    public long Seed { get; init; }

    /// <summary>How many prompts are sampled and scored at a time, at least 1: what bounds memory.</summary>
    public int PromptsPerBatch { get; init; } = 16;

    /// <summary>How failures and truncated completions are treated; use the same for the scorer.</summary>
    public ScoringOptions Scoring { get; init; } = new();

    /// <summary>Told the share of prompts that is done, 0 to 1, after each batch.</summary>
    public IProgress<double>? Progress { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (SamplesPerPrompt < 1)
            faults.Add($"SamplesPerPrompt (M) is {SamplesPerPrompt}; it must be at least 1");
        if (PromptsPerBatch < 1)
            faults.Add($"PromptsPerBatch is {PromptsPerBatch}; it must be at least 1");
        if (faults.Count > 0)
            throw new ArgumentException($"The reference table options are not usable: {string.Join("; ", faults)}.");
        ArgumentNullException.ThrowIfNull(Scoring);
        Scoring.Validate();
    }
}
