using System.Globalization;
using System.Text;

namespace VariationalBoN.Evaluation;

/// <summary>A reference report as plain text and as Markdown, from the same cells. Stateless, thread-safe.</summary>
internal static class ReferenceReportText
{
    public static string Plain(ReferenceReport report)
    {
        var text = new StringBuilder();
        ReportText.Findings(text, report.Findings, "- ", "! ");
        text.Append('\n');
        ReportText.Aligned(text, [Header(report), .. report.Rows.Select(row => Cells(report, row))]);
        text.Append('\n');
        ReportText.Aligned(text, [.. Numbers(report).Select(number => (string[])[number.Name, number.Value])]);
        return text.ToString().TrimEnd('\n');
    }

    public static string Markdown(ReferenceReport report)
    {
        var text = new StringBuilder("## In short\n\n");
        ReportText.Findings(text, report.Findings, "- ", "- **Look here:** ");
        text.Append("\n## Best-of-n\n\n");
        ReportText.Table(text, [Header(report), .. report.Rows.Select(row => Cells(report, row))], "---:");
        text.Append("\n## The samples\n\n");
        ReportText.Table(
            text,
            [
                ["", ""],
                .. Numbers(report).Select(number => (string[])[number.Name, number.Value]),
            ],
            "---"
        );
        return text.ToString();
    }

    private static string[] Header(ReferenceReport report) =>
        [
            "n",
            "reward",
            FormattableString.Invariant($"{100 * report.Confidence:0.#} % interval"),
            "gain",
            "win rate",
            report.KlIsExact ? "KL, exact" : "KL, from levels",
            .. report.Rows[0].KlTightBound is null ? (string[])[] : ["KL, tight bound"],
            "KL, bound",
            .. report.Policy is null ? (string[])[] : ["policy beats it"],
        ];

    private static string[] Cells(ReferenceReport report, BestOfNRow row) =>
        [
            row.Point.N.ToString(CultureInfo.InvariantCulture),
            Show(row.Point.Reward),
            double.IsFinite(row.Point.RewardInterval.Lower) ? row.Point.RewardInterval.ToString() : "unknown",
            Show(row.Point.Gain),
            Show(row.WinRate),
            row.Kl.Value.ToString("0.000", CultureInfo.InvariantCulture),
            .. row.KlTightBound is { } tight ? (string[])[tight.Value.ToString("0.000", CultureInfo.InvariantCulture)] : [],
            row.KlUpperBound.ToString("0.000", CultureInfo.InvariantCulture),
            .. report.Policy is null ? (string[])[] : [Show(report.Policy.AgainstBestOfN[row.Point.N])],
        ];

    private static IEnumerable<(string Name, string Value)> Numbers(ReferenceReport report)
    {
        RankCalibration calibration = report.Calibration;
        yield return ("prompts", Invariant($"{report.Prompts}{(report.PromptsLeftOut > 0 ? $", {report.PromptsLeftOut} left out" : "")}"));
        yield return (
            "samples of a prompt (M)",
            Invariant($"{(report.MinM == report.MaxM ? $"{report.MinM}" : $"{report.MinM} to {report.MaxM}")}, {report.Excluded} excluded")
        );
        yield return (
            Invariant($"expected error of the target of N = {report.N}, nats (KL)"),
            Invariant($"{report.ExpectedTargetKl:0.000}")
        );
        yield return ("95 % band of (N - 1) log F, typical width, nats", Show(report.TargetBandWidth));
        yield return ("different rewards of a prompt (effective M)", Show(report.DistinctRewards));
        if (report.DistinctTexts is { } texts)
            yield return ("different texts of a prompt", Show(texts));
        yield return (
            report.TieTolerance == 0 ? "tie share" : Invariant($"tie share, up to {report.TieTolerance} apart"),
            Show(report.TieShare)
        );
        yield return ("share at the highest reward", Show(report.TopShare));
        yield return ("prompts without variance", Invariant($"{report.ZeroVariancePrompts}"));
        if (report.InconsistentTexts is int inconsistent)
            yield return (
                "texts with more than one reward",
                inconsistent == 0 ? "0" : Invariant($"{inconsistent}, up to {report.MaxInconsistency:0.####} apart")
            );
        if (report.LengthCorrelation is { } length)
            yield return (Invariant($"length and reward, Spearman ({(report.LengthInTokens ? "tokens" : "characters")})"), Show(length));
        if (report.TruncatedShare is { } truncated)
            yield return ("truncated share", Show(truncated));
        yield return ("later among earlier samples: mean rank", Show(calibration.MeanRank));
        yield return ("... Kolmogorov-Smirnov", Invariant($"distance {calibration.Distance:0.000}, p = {calibration.PValue:0.000}"));
        yield return (
            "... share in each tenth",
            string.Join(' ', calibration.Bins.Select(bin => bin.ToString("0.00", CultureInfo.InvariantCulture)))
        );
        if (report.Policy is { } policy)
        {
            yield return ("policy: completions", Invariant($"{policy.Completions}"));
            yield return ("policy: above all samples (saturation)", Show(policy.Saturation));
            yield return ("policy: win rate against one sample", Show(policy.WinRate));
        }
    }

    internal static string Show(Estimate value) =>
        double.IsInfinity(value.Value) ? "unbounded"
        : double.IsFinite(value.StandardError) ? value.ToString()
        : Invariant($"{value.Value:0.000} ± unknown");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
