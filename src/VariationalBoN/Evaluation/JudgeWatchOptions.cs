using System.Diagnostics.CodeAnalysis;
using VariationalBoN.Rewards;

namespace VariationalBoN.Evaluation;

/// <summary>How a <see cref="JudgeWatch"/> measures. Immutable, thread-safe.</summary>
[Experimental(ExperimentalIds.SecondJudge)]
public sealed record JudgeWatchOptions
{
    /// <summary>Completions of each held-out prompt at each look, at least 1.</summary>
    /// <value>Default 4.</value>
    public int CompletionsPerPrompt { get; init; } = 4;

    /// <summary>Fixes the draws, which are of purpose <see cref="DrawPurpose.Evaluation"/>:
    /// every look draws with the same random numbers, so that looks can be compared.</summary>
    /// <value>Default 0.</value>
    public long Seed { get; init; }

    /// <summary>The least share of runs without a false alarm, however many looks a run has; above 0 and below 1.</summary>
    /// <value>Default 0.95.</value>
    public double Confidence { get; init; } = 0.95;

    /// <summary>Batches, failures and truncated completions of the second judge.</summary>
    /// <value>Default those of <see cref="ScoringOptions"/>.</value>
    public ScoringOptions SecondScoring { get; init; } = new();

    /// <summary>Refuses options out of range.</summary>
    internal void Validate()
    {
        if (CompletionsPerPrompt < 1)
            throw new ArgumentOutOfRangeException(
                nameof(CompletionsPerPrompt),
                CompletionsPerPrompt,
                "There must be at least 1 completion of each prompt."
            );
        if (!(Confidence > 0 && Confidence < 1))
            throw new ArgumentOutOfRangeException(
                nameof(Confidence),
                Confidence,
                "The confidence must be above 0 and below 1, such as 0.95."
            );
        ArgumentNullException.ThrowIfNull(SecondScoring);
        SecondScoring.Validate();
    }
}
