using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace VariationalBoN.References;

/// <summary>Answers of <see cref="BestOfNSampler.SampleUntilGoodEnoughAsync"/>,
/// with what stopping early saved and cost. Immutable, thread-safe.</summary>
[Experimental(ExperimentalIds.EarlyStopping)]
public sealed record EarlyStoppedAnswers
{
    /// <summary>The answer to each prompt, in order.</summary>
    public required ImmutableArray<ScoredCompletion> Answers { get; init; }

    /// <summary>How many completions were drawn for each prompt, in order.</summary>
    public required ImmutableArray<int> Draws { get; init; }

    /// <summary>n, the most draws of a prompt.</summary>
    public required int MaxDraws { get; init; }

    /// <summary>The number of draws saved: n minus the draws made, summed over the answers.</summary>
    public long DrawsSaved => Draws.Sum(draws => (long)MaxDraws - draws);

    /// <summary>The reward that the saved draws are expected to have added, by the table: the
    /// mean over answers of E[(the best of them - reward)+]; error over prompts.</summary>
    public required Estimate RewardLost { get; init; }

    /// <summary>The number of answers to prompts that are not in the table, for which all n were drawn.</summary>
    public required int WithoutTable { get; init; }

    /// <summary>Draws and reward in a sentence.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{DrawsSaved} of {(long)MaxDraws * Answers.Length} draws saved; expected reward lost "
                + $"{RewardLost}{(WithoutTable > 0 ? $"; {WithoutTable} answers drawn fully, their prompts not in the table" : "")}"
        );
}
