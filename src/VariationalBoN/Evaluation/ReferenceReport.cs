using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Evaluation;

/// <summary>
/// A report on a reference table before any training:
/// what Best-of-n would gain, for which n, at what KL, and whether the rewards can be trusted.
/// </summary>
/// <remarks>
/// Numbers are means over prompts with standard errors over prompts. Prompts with fewer than half the median number of samples (or fewer
/// than two) are left out of all of them, and counted: one poor prompt would limit n for all. Immutable, thread-safe.
/// </remarks>
public sealed record ReferenceReport
{
    /// <summary>N, the draws that the report was made for.</summary>
    public required double N { get; init; }

    /// <summary>The confidence of the intervals of <see cref="Curve"/>.</summary>
    public required double Confidence { get; init; }

    /// <summary>The number of prompts that the other numbers are means over.</summary>
    public required int Prompts { get; init; }

    /// <summary>The number of prompts left out because they have too few samples.</summary>
    public required int PromptsLeftOut { get; init; }

    /// <summary>The fewest samples of a prompt.</summary>
    public required int MinM { get; init; }

    /// <summary>The most samples of a prompt.</summary>
    public required int MaxM { get; init; }

    /// <summary>How many samples were drawn for these prompts but left out of the table.</summary>
    public required int Excluded { get; init; }

    /// <summary>The probability that two different samples of a prompt have the same reward:
    /// sum over rewards of k (k - 1) / (M (M - 1)).</summary>
    public required Estimate TieShare { get; init; }

    /// <summary>The share of samples that have the highest reward of their prompt; 1 / M without ties.</summary>
    public required Estimate TopShare { get; init; }

    /// <summary>The number of prompts whose samples all have the same reward: Best-of-n does nothing there.</summary>
    public required int ZeroVariancePrompts { get; init; }

    /// <summary>Effective M: the number of different rewards of a prompt.</summary>
    public required Estimate DistinctRewards { get; init; }

    /// <summary>The number of different texts of a prompt; null without texts.</summary>
    public Estimate? DistinctTexts { get; init; }

    /// <summary>The number of texts that occur with different rewards under one prompt; 0
    /// for a reward model that depends on its input alone. Null without texts.</summary>
    public int? InconsistentTexts { get; init; }

    /// <summary>The largest difference between two rewards of one text, in the unit of the rewards.</summary>
    public double MaxInconsistency { get; init; }

    /// <summary>Spearman's rank correlation of length and reward within prompts; null without texts or without variation.</summary>
    public Estimate? LengthCorrelation { get; init; }

    /// <summary>Whether lengths are in tokens; characters otherwise.</summary>
    public required bool LengthInTokens { get; init; }

    /// <summary>The share of samples cut at the maximum length; null where it is not known.</summary>
    public Estimate? TruncatedShare { get; init; }

    /// <summary>The difference up to which rewards count as equal: that of the table,
    /// 0 unless <see cref="ReferenceTable.WithTieTolerance"/> gave it one.</summary>
    public required double TieTolerance { get; init; }

    /// <summary>The expected KL, in nats, between the Best-of-N distribution and its estimate from these samples:
    /// <see cref="Numerics.SamplePlanner.ExpectedKl"/> for N and the fewest samples of a prompt.</summary>
    public required double ExpectedTargetKl { get; init; }

    /// <summary>
    /// The width of the 95 % band of (N - 1) log F, in nats, at the median best of N of a prompt: how well the target of one typical
    /// completion is known. <see cref="EmpiricalRewardCdf.LogBandAtOrBelow"/> among the other M - 1 samples.
    /// Infinite where nothing lies at or below it.
    /// </summary>
    public required Estimate TargetBandWidth { get; init; }

    /// <summary>Whether later samples rank uniformly among earlier ones.</summary>
    public required RankCalibration Calibration { get; init; }

    /// <summary>The expected reward of Best-of-n for every n.</summary>
    public required BestOfNCurve Curve { get; init; }

    /// <summary>Best-of-n for n = 1, 2, 4, 8, ... and N, below the smallest M.</summary>
    public required ImmutableArray<BestOfNRow> Rows { get; init; }

    /// <summary>Whether <see cref="BestOfNRow.Kl"/> is exact: the samples contain every completion that the reference can draw.</summary>
    public required bool KlIsExact { get; init; }

    /// <summary>How a policy compares, when completions of one were given.</summary>
    public PolicyComparison? Policy { get; init; }

    /// <summary>What the numbers say, in sentences, warnings last.</summary>
    public ImmutableArray<ReportFinding> Findings => ReferenceReportFindings.Of(this);

    /// <summary>Reports on a table.</summary>
    /// <param name="table">The reference samples.</param>
    /// <param name="options">N, largest n and bootstrap; null for the defaults.</param>
    /// <param name="policyCompletions">Scored completions of a policy on prompts of the table, or none.</param>
    /// <returns>The report.</returns>
    /// <exception cref="ArgumentException">No prompt has two samples, or an option is out of range.</exception>
    /// <exception cref="KeyNotFoundException">A completion is of a prompt that is not in the table.</exception>
    public static ReferenceReport FromTable(
        ReferenceTable table,
        ReferenceReportOptions? options = null,
        IReadOnlyList<ScoredCompletion>? policyCompletions = null
    ) => ReferenceReportBuilder.Build(table, options ?? new ReferenceReportOptions(), policyCompletions);

    /// <summary>The report as plain text: numbers, table, sentences.</summary>
    public override string ToString() => ReferenceReportText.Plain(this);

    /// <summary>The report as Markdown, without a heading of the first level.</summary>
    /// <returns>Markdown.</returns>
    public string ToMarkdown() => ReferenceReportText.Markdown(this);
}
