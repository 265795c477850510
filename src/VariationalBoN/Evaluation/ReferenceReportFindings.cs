using System.Collections.Immutable;
using System.Globalization;
using VariationalBoN.Internal;
using VariationalBoN.Numerics;

namespace VariationalBoN.Evaluation;

/// <summary>A reference report in sentences that need no paper to be understood. Stateless, thread-safe.</summary>
internal static class ReferenceReportFindings
{
    private const double ManyTies = 0.05,
        ManyRepeats = 0.5,
        Correlated = 0.3,
        ManyTruncated = 0.05,
        ManyExcluded = 0.05,
        Surprising = 0.01,
        Saturated = 0.1,
        WideBand = 1;
    private const int FewPrompts = 20;

    /// <summary>What is good to know first, then what should be looked at.</summary>
    public static ImmutableArray<ReportFinding> Of(ReferenceReport report) =>
        [.. Promise(report).Concat(Samples(report)).Concat(Trust(report)).OrderBy(finding => finding.IsWarning)];

    private static IEnumerable<ReportFinding> Promise(ReferenceReport report)
    {
        BestOfNRow? row = report.Rows.FirstOrDefault(row => row.Point.N == report.N);
        if (row is null && report.N > report.Rows[^1].Point.N)
            yield return Warning(
                $"N = {report.N} is beyond what {report.MinM} samples a prompt can tell: the table ends at n = {report.Rows[^1].Point.N}. "
                    + $"Draw more samples for each prompt."
            );
        row ??= report.Rows.Last(row => row.Point.N <= report.N);
        yield return Good(
            $"The best of {row.Point.N} scores {row.Point.Reward.Value:0.00} on "
                + $"average{Range(row.Point.RewardInterval, report.Confidence)}, {row.Point.Gain.Value:0.00} more than one draw, which "
                + $"scores {report.Curve[1].Reward.Value:0.00}."
        );
        yield return Good(
            $"It beats one draw with probability {row.WinRate.Value:0.000}, at a distance (KL) from the reference of "
                + $"{(report.KlIsExact ? "exactly" : "about")} {row.Kl.Value:0.00} nats, at most {row.KlUpperBound:0.00}."
        );
        BestOfNRow? next = report.Rows.FirstOrDefault(other => other.Point.N >= 2 * row.Point.N);
        if (next is not null)
            yield return Good(
                $"Going on to n = {next.Point.N} adds {next.Point.Gain.Value - row.Point.Gain.Value:0.00} of reward and "
                    + $"{next.Kl.Value - row.Kl.Value:0.00} nats."
            );
    }

    private static IEnumerable<ReportFinding> Samples(ReferenceReport report)
    {
        yield return SamplePlanner.Warning(report.N, report.MinM) is { } warning
            ? Warning(warning)
            : Good(
                $"{Samples(report.MinM, report.MaxM)} samples a prompt are enough for N = {report.N}: the Best-of-N distribution "
                    + $"estimated from them is expected to be {report.ExpectedTargetKl:0.000} nats (KL) away from the true one. "
                    + $"Up to {SamplePlanner.MaxGoodKl} nats are good; these samples are enough up to N = "
                    + $"{Math.Floor(SamplePlanner.MaxN(report.MinM, SamplePlanner.MaxGoodKl)):0}."
            );
        double width = report.TargetBandWidth.Value;
        string factor = double.IsFinite(width)
            ? string.Create(CultureInfo.InvariantCulture, $"within a factor of {Math.Exp(width):0.0}")
            : "not within any factor";
        if (width > WideBand)
            yield return Warning(
                $"How much more a single answer is to be favoured, F^(N - 1), is known roughly: {factor} (95 %) where the best of "
                    + $"{report.N} typically lies. Training averages this out over answers and prompts; do not read much into the value of "
                    + $"one answer, or draw about {11 * report.N:0} samples for each prompt."
            );
    }

    private static IEnumerable<ReportFinding> Trust(ReferenceReport report)
    {
        double p = report.Calibration.PValue,
            mean = report.Calibration.MeanRank.Value;
        yield return p < Surprising
            ? Warning(
                $"The later samples of a prompt do not rank as the earlier ones do (mean rank {mean:0.000} instead of 0.5, p "
                    + $"{(p < 0.0001 ? "below 0.0001" : string.Create(CultureInfo.InvariantCulture, $"= {p:0.0000}"))}): the file is "
                    + $"sorted by reward, or "
                    + $"joins samples of different settings or reward models, or the reward model drifts. Keep samples in the order "
                    + $"drawn, or estimate the table anew."
            )
            : Good(
                $"The later samples of a prompt rank among the earlier ones as they should (p = {p:0.00}): nothing speaks against one "
                    + $"distribution behind them."
            );
        if (report.InconsistentTexts is > 0)
            yield return Warning(
                $"{report.InconsistentTexts} texts stand with different rewards under one prompt, up to {report.MaxInconsistency:0.####} "
                    + $"apart: the reward model depends on more than its input (batch, padding, random numbers), or its version changed. "
                    + $"If it is the rounding of batches, a tie tolerance a little larger makes such rewards one."
            );
        if (report.ZeroVariancePrompts > 0)
            yield return Warning(
                $"{report.ZeroVariancePrompts} of {report.Prompts} prompts have one reward for all samples, so that Best-of-n does "
                    + $"nothing there. See whether the reward model reads the completion at all, or drop these prompts."
            );
        if (report.TieShare.Value > ManyTies)
            yield return Good(
                $"Two samples of a prompt have the same reward with probability {report.TieShare.Value:0.00}. All numbers here count "
                    + $"ties; training should, too (the exact objective does, the lower bound does not), and more draws soon stop "
                    + $"helping: {report.TopShare.Value:0%} of the samples have the highest reward already."
            );
        if (report.DistinctTexts is { } texts && texts.Value < ManyRepeats * report.MinM)
            yield return Warning(
                $"Of {Samples(report.MinM, report.MaxM)} samples a prompt only {texts.Value:0} are different texts: the reference is "
                    + $"nearly certain, so that more samples bring little."
            );
        if (report.LengthCorrelation is { } length && Math.Abs(length.Value) > Correlated)
            yield return Warning(
                $"{(length.Value > 0 ? "Longer" : "Shorter")} answers score higher (rank correlation {length.Value:0.00} with the number "
                    + $"of {(report.LengthInTokens ? "tokens" : "characters")}): Best-of-n will "
                    + $"{(length.Value > 0 ? "lengthen" : "shorten")} answers. Decide whether that is wanted before training on this "
                    + $"reward."
            );
        if (report.TruncatedShare is { } truncated && truncated.Value > ManyTruncated)
            yield return Warning(
                $"{truncated.Value:0%} of the samples were cut at the maximum length, and the reward judged what was left. Raise the "
                    + $"maximum, or say how truncated samples count."
            );
        if (report.Excluded > ManyExcluded * (report.Excluded + (report.DistinctRewards.Count * (double)report.MinM)))
            yield return Warning(
                $"{report.Excluded} samples were drawn but left out: F is that of the samples the reward model could judge."
            );
        if (report.PromptsLeftOut > 0)
            yield return Warning(
                $"{report.PromptsLeftOut} prompt(s) with less than half the usual number of samples are not in these numbers."
            );
        if (report.Prompts < FewPrompts)
            yield return Warning(
                report.Prompts == 1
                    ? "There is one prompt: errors over prompts cannot be known."
                    : $"There are only {report.Prompts} prompts: errors and intervals are rough."
            );
        if (report.Policy is { } policy && policy.Saturation.Value > Saturated)
            yield return Warning(
                $"{policy.Saturation.Value:0%} of the policy's completions score above all reference samples of their prompt: the table "
                    + $"cannot tell them apart any more. Draw more reference samples, or take the policy as the new reference."
            );
    }

    private static string Samples(int smallest, int largest) => smallest == largest ? $"{smallest}" : $"{smallest} to {largest}";

    private static string Range(Interval interval, double confidence) =>
        double.IsFinite(interval.Lower) && double.IsFinite(interval.Upper)
            ? FormattableString.Invariant($" ({100 * confidence:0.#} % interval {interval.Lower:0.00} to {interval.Upper:0.00})")
            : "";

    private static ReportFinding Good(InvariantText text) => new(false, text.ToStringAndClear());

    private static ReportFinding Warning(InvariantText text) => new(true, text.ToStringAndClear());

    private static ReportFinding Warning(string text) => new(true, text);
}
