using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Evaluation;

/// <summary>
/// A report on how far a judge can be trusted, measured by a second judge: up to which N Best-of-N by the first reward raises the second,
/// and how the two compare on the highest ranks.
/// </summary>
/// <remarks>
/// The second reward is a component of the table: that of a held-out judge, or people's scores of a part of the samples, null for the
/// others. Which samples are scored may depend on their first reward but on nothing else, and some of each eighth of the ranks must
/// be; one without a second reward counts as those beside it by the first: the mean of its level, or the line between the levels next
/// to it. The threshold is that of HedgeTune (arXiv 2506.19248): the first change from + to - of E[(r2 - mean) (1 / n + log F)] under
/// the distribution of the best of n, which is the derivative in n of its expected second reward. Immutable, thread-safe.
/// </remarks>
[Experimental(ExperimentalIds.SecondJudge)]
public sealed record RewardHackingReport
{
    /// <summary>The name of the component that is the second reward.</summary>
    public required string SecondName { get; init; }

    /// <summary>N, the draws that the report was made for.</summary>
    public required double N { get; init; }

    /// <summary>The confidence of the intervals.</summary>
    public required double Confidence { get; init; }

    /// <summary>The number of prompts that the other numbers are means over.</summary>
    public required int Prompts { get; init; }

    /// <summary>The number of prompts left out, for fewer than half the usual number of samples
    /// with a second reward, fewer than four, or none among the highest ranks.</summary>
    public required int PromptsLeftOut { get; init; }

    /// <summary>The number of samples with a second reward.</summary>
    public required long Scored { get; init; }

    /// <summary>The number of samples of these prompts, with a second reward or without.</summary>
    public required long Samples { get; init; }

    /// <summary>The largest n that the samples support: half the fewest samples with a second reward of a prompt.</summary>
    public required int MaxN { get; init; }

    /// <summary>
    /// The hacking threshold: from this n on more draws lower the second reward.
    /// Null when the second reward has no such change up to <see cref="MaxN"/>.
    /// </summary>
    public required double? Threshold { get; init; }

    /// <summary>
    /// Bootstrap interval of the threshold over prompts. 1 at the lower end: the second reward may
    /// never rise. Infinite at the upper end: there may be no threshold up to <see cref="MaxN"/>.
    /// </summary>
    public required Interval ThresholdInterval { get; init; }

    /// <summary>Whether the second reward rises with n at all up to <see cref="MaxN"/>.</summary>
    public required bool Helps { get; init; }

    /// <summary>Points of rising n, 8 to each doubling, from 1 to <see cref="MaxN"/>.</summary>
    public required ImmutableArray<HackingPoint> Points { get; init; }

    /// <summary>All samples, the upper half, the upper quarter and so on by the first reward.</summary>
    public required ImmutableArray<TopRanks> Ranks { get; init; }

    /// <summary>The names of the ensemble whose disagreement <see cref="Ranks"/> hold; empty for none.</summary>
    public required ImmutableArray<string> Ensemble { get; init; }

    /// <summary>What the numbers say, in sentences, warnings last.</summary>
    public ImmutableArray<ReportFinding> Findings => RewardHackingText.Findings(this);

    /// <summary>Reports on a table whose rewards are the first and one of whose components is the second.</summary>
    /// <param name="table">The reference samples; <see cref="ReferenceTable.WithComponentAsync"/> adds a second judge's scores.</param>
    /// <param name="second">The name of the component.</param>
    /// <param name="options">N, ensemble and bootstrap; null for the defaults.</param>
    /// <returns>The report.</returns>
    /// <exception cref="ArgumentException">
    /// No prompt has such a component (the message names those there are) or enough samples with it, hardly any sample of a part of the
    /// ranks has it (the message names the ranks), or an option is out of range.
    /// </exception>
    public static RewardHackingReport FromTable(ReferenceTable table, string second, RewardHackingOptions? options = null) =>
        RewardHackingBuilder.Build(table, second, options ?? new RewardHackingOptions());

    /// <summary>The report as plain text: sentences, then tables.</summary>
    public override string ToString() => RewardHackingText.Plain(this);

    /// <summary>The report as Markdown, under a heading of the second level.</summary>
    /// <returns>Markdown.</returns>
    public string ToMarkdown() => RewardHackingText.Markdown(this);
}
