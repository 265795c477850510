using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Evaluation;

/// <summary>
/// The samples with the highest first reward of each prompt, among which Best-of-N chooses: means over prompts. Immutable, thread-safe.
/// </summary>
[Experimental(ExperimentalIds.SecondJudge)]
public sealed record TopRanks
{
    /// <summary>The share of a prompt's samples, those with the highest first reward, that these means
    /// are over: 1, 1/2, 1/4, ...; the best of about 1 / share draws comes from these samples.</summary>
    public required double Share { get; init; }

    /// <summary>The mean second reward of these samples.</summary>
    public required Estimate Second { get; init; }

    /// <summary>Spearman's rank correlation of first and second reward among
    /// these samples, within prompts; null where neither varies.</summary>
    public Estimate? Agreement { get; init; }

    /// <summary>Spearman's rank correlation of length and first reward among
    /// these samples; null without texts, or where neither varies.</summary>
    public Estimate? LengthCorrelation { get; init; }

    /// <summary>The mean length of these samples divided by that of all samples of the prompt; null without texts.</summary>
    public Estimate? RelativeLength { get; init; }

    /// <summary>
    /// The mean standard deviation among the judges of an ensemble of a sample's mid-rank (0 to 1) by each: 0 where
    /// the judges order the samples alike, 0.24 for two unrelated judges, 0.29 for many. Null without an ensemble.
    /// </summary>
    public Estimate? Disagreement { get; init; }
}
