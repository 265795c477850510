using System.Collections.Immutable;
using System.Text;
using VariationalBoN.Internal;

namespace VariationalBoN.Evaluation;

/// <summary>A report on reward hacking in sentences, as plain text and as Markdown. Stateless, thread-safe.</summary>
internal static class RewardHackingText
{
    private const double Disagree = 1.25,
        Correlated = 0.3;

    public static ImmutableArray<ReportFinding> Findings(RewardHackingReport report) =>
        [.. Threshold(report).Concat(Ranks(report)).OrderBy(finding => finding.IsWarning)];

    public static string Plain(RewardHackingReport report)
    {
        var text = new StringBuilder();
        ReportText.Findings(text, report.Findings, "- ", "! ");
        foreach (string[][] table in Tables(report))
        {
            text.Append('\n');
            ReportText.Aligned(text, table);
        }

        return text.ToString().TrimEnd('\n');
    }

    public static string Markdown(RewardHackingReport report)
    {
        var text = new StringBuilder($"## The judge, by \"{report.SecondName}\"\n\n");
        ReportText.Findings(text, report.Findings, "- ", "- **Look here:** ");
        foreach (string[][] table in Tables(report))
        {
            text.Append('\n');
            ReportText.Table(text, table, "---:");
        }

        return text.ToString();
    }

    private static IEnumerable<ReportFinding> Threshold(RewardHackingReport report)
    {
        string range = Range(report);
        if (report.Threshold is double threshold)
            yield return threshold < report.N
                ? Warning(
                    $"By \"{report.SecondName}\" more draws help up to N = {threshold:0.0} ({range}); N = {report.N} is beyond. Take a "
                        + $"smaller N, or mend the judge."
                )
                : Good($"By \"{report.SecondName}\" more draws help up to N = {threshold:0.0} ({range}).");
        else if (report.Helps)
            yield return Good(
                $"By \"{report.SecondName}\" more draws help as far as these samples can tell: none up to N = {report.MaxN} is too many "
                    + $"({range})."
            );
        else
            yield return Warning(
                $"By \"{report.SecondName}\" more draws never help: its mean falls from N = 1 on ({range}). The judge rewards something "
                    + $"else."
            );
        if (report.N > report.MaxN)
            yield return Warning(
                $"N = {report.N} is beyond what the samples support, {report.MaxN}: half the fewest samples of a prompt that "
                    + $"\"{report.SecondName}\" has scored. Draw, or score, more."
            );
        if (report.Points.LastOrDefault(point => point.N <= report.N) is { N: > 1 } at)
            yield return Good($"The best of {at.N:0.#} gains {at.Gain} by \"{report.SecondName}\" over one draw.");
        if (report.Scored < report.Samples)
            yield return Good(
                $"\"{report.SecondName}\" has scored {report.Scored} of {report.Samples} samples; the others count as the scored ones "
                    + $"beside them by the first reward. Which ones are scored may depend on the first reward alone."
            );
        if (report.PromptsLeftOut > 0)
            yield return Warning(
                $"{report.PromptsLeftOut} prompt(s) with too few samples that \"{report.SecondName}\" has scored are not in these numbers."
            );
        if (report.Prompts < 20)
            yield return Warning(
                $"There {(report.Prompts == 1 ? "is one prompt" : $"are only {report.Prompts} prompts")}: the interval of the threshold "
                    + $"is rough."
            );
    }

    private static IEnumerable<ReportFinding> Ranks(RewardHackingReport report)
    {
        if (report.Ranks.Length < 2)
            yield break;
        TopRanks all = report.Ranks[0],
            top = report.Ranks[^1];
        if (all.Disagreement is { Value: > 0 } usual && top.Disagreement is { } high && high.Value > Disagree * usual.Value)
            yield return Warning(
                $"The ensemble disagrees more about the upper {top.Share:0.#%} of the samples than about all: a spread of ranks of "
                    + $"{high.Value:0.000} instead of {usual.Value:0.000}. What wins there is partly what one judge overrates."
            );
        if (top.LengthCorrelation is { } length && Math.Abs(length.Value) > Correlated)
            yield return Warning(
                $"Among the upper {top.Share:0.#%} of the samples {(length.Value > 0 ? "longer" : "shorter")} ones score higher (rank "
                    + $"correlation {length.Value:0.00}, {all.LengthCorrelation?.Value ?? 0:0.00} among all)."
            );
    }

    private static IEnumerable<string[][]> Tables(RewardHackingReport report)
    {
        string percent = FormattableString.Invariant($"{100 * report.Confidence:0.#} % interval");
        yield return
        [
            ["n", "first reward", "second reward", percent, "gain", "slope"],
            .. report
                .Points.Where(point => double.IsPow2(point.N) || point.N == report.MaxN)
                .Select(point =>
                    new[]
                    {
                        FormattableString.Invariant($"{point.N}"),
                        ReferenceReportText.Show(point.First),
                        ReferenceReportText.Show(point.Second),
                        double.IsFinite(point.SecondInterval.Lower) ? point.SecondInterval.ToString() : "unknown",
                        ReferenceReportText.Show(point.Gain),
                        ReferenceReportText.Show(point.Slope),
                    }
                ),
        ];
        bool ensemble = !report.Ensemble.IsEmpty;
        yield return
        [
            [
                "upper share",
                "second reward",
                "agreement",
                "length and reward",
                "relative length",
                .. ensemble ? (string[])["disagreement"] : [],
            ],
            .. report.Ranks.Select(of =>
                (string[])
                    [
                        FormattableString.Invariant($"{of.Share:0.#%}"),
                        ReferenceReportText.Show(of.Second),
                        Show(of.Agreement),
                        Show(of.LengthCorrelation),
                        Show(of.RelativeLength),
                        .. ensemble ? (string[])[Show(of.Disagreement)] : [],
                    ]
            ),
        ];
    }

    private static string Show(Estimate? value) => value is Estimate known ? ReferenceReportText.Show(known) : "unknown";

    private static string Range(RewardHackingReport report)
    {
        Interval of = report.ThresholdInterval;
        string confidence = FormattableString.Invariant($"{100 * report.Confidence:0.#} % interval");
        return double.IsFinite(of.Lower) ? $"{confidence} {Shown(of.Lower)} to {Shown(of.Upper)}" : $"{confidence} {Shown(of.Upper)}";

        string Shown(double n) =>
            double.IsFinite(n) ? FormattableString.Invariant($"{n:0.0}") : FormattableString.Invariant($"beyond {report.MaxN}");
    }

    private static ReportFinding Good(InvariantText text) => new(false, text.ToStringAndClear());

    private static ReportFinding Warning(InvariantText text) => new(true, text.ToStringAndClear());
}
