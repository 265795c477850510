using System.Globalization;
using SentimentControl.Datasets;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The studies that ask what comes nearest to Best-of-N: one table for all, of a study's settings beside the default runs of some
/// methods at the same N. Immutable.</summary>
internal sealed class ComparedStudies(GridRecords records, RunSettings settings)
{
    public string Tuning() =>
        Compared("tuning", [Method.VariationalBestOfN, Method.BestOfNSft, Method.Jeffreys, Method.ClippedRatio, Method.Iterated])
        + "\nThe nearest first. b: weight of the reverse KL in the Jeffreys mix (0.5 by default); K: completions per prompt, with as many "
        + "per step; final rate: part of the learning rate left at the end (0.1 by default).\n";

    public string Valued() =>
        Compared("values", [Method.VariationalBestOfN, Method.CalibratedTilt, Method.Guided])
        + "\nThe nearest first. lambda: values of the seed's head in the gradient; final rate: part of the learning rate left at the end; "
        + "first part: the batch grows from that part of its mean to as much above it; steps x: times the draws of the default. Cost: "
        + "processor time of drawing, scoring, gradients and head as a multiple of the default's; shared: the head counted once for all N "
        + "that use it here.\n";

    public string Searched() =>
        Compared("recipes", [Method.VariationalBestOfN, Method.Guided])
        + "\nThe nearest first. warm start: BoN-SFT for that part of the steps; guided start: likelihood of the guided policy's draws; "
        + "batch x: completions of a step as a multiple of the default's; the other columns as above.\n";

    public string Distilled() =>
        Compared("distilled", [Method.VariationalBestOfN, Method.Guided])
        + "\nThe nearest first. distilled: that part of the steps pulls the policy to the guided one on its own draws, the rest is vBoN; "
        + "kept: batches that a step goes through, the new one and those before it; the other columns as above.\n";

    public string Longer() =>
        Compared("longer", [Method.VariationalBestOfN, Method.CalibratedTilt, Method.Guided])
        + "\nThe nearest first. The recipe of the main sample, a third distilled and then values, in \"steps x\" times the steps of plain "
        + "vBoN.\n";

    public string Heads() =>
        Compared("heads", [Method.Guided])
        + "\nThe nearest first. value weight: how much the values of N = 4, 16 and 64 count in the head's loss beside that of the "
        + "distribution of F; head reads layer: hidden states of every layer of the reference, or of the middle one, beside the last.\n";

    public string Guidance() =>
        Compared("guidance", [Method.Guided])
        + string.Create(
            CultureInfo.InvariantCulture,
            $"\nThe nearest first. top tokens: those with values of their own, the others share what is left ({settings.Guidance.TopTokens} "
                + $"by default); head epochs: its passes over the samples ({settings.Head.Epochs} by default); head reward: the head reads "
                + $"the judge's reward of the answer as far as it goes.\n"
        );

    public string Variants() =>
        Compared("variants", [.. records.Of("variants").Select(record => record.Run.Method).Distinct()])
        + "\nThe nearest first. baseline: that of the score function (leave-one-out by default); all samples: BoN-SFT on 4 prompts a step "
        + "with all of 32 samples weighted instead of 32 prompts with 4 drawn; clipped: the target is at least "
        + "log pi_ref - 6 (by default that of the regression with known partition, not that of log-variance); moving average: the anchor "
        + "follows the policy by (log N) / steps at each step instead of moving in rounds.\n";

    /// <summary>The runs of a study beside the default runs of some methods at the same N.</summary>
    private string Compared(string study, Method[] defaults)
    {
        var table = new MarkdownTable(
            "N",
            "method",
            "variation",
            "win rate",
            "KL",
            "distance",
            "KL to Best-of-N",
            "reward",
            "cost",
            "with the head shared",
            "completions drawn",
            "stopped"
        );
        GridCosts? unit = records.Unit;
        var candidates = records.Beside(study, (plain, varied) => defaults.Contains(plain.Method) && plain.N == varied.N);
        foreach (var (run, point) in candidates.OrderBy(pair => pair.Run.N).ThenBy(pair => pair.Point.Distance.Mean))
        {
            table.Add(
                $"{run.N}",
                MethodResult.MethodName(run.Method),
                run.Variation.Name.Length == 0 ? "default" : run.Variation.Name,
                point.WinRate.Text("0.000"),
                point.Kl.Text("0.00"),
                point.Distance.Text("0.000"),
                point.Gap?.Text("0.00") ?? "",
                point.Reward.Text("0.00"),
                GridCosts.Text(point.Costs?.Alone(unit)),
                GridCosts.Text(point.Costs?.Shared(unit, records.Sharing(run))),
                point.Drawn.ToString("N0", CultureInfo.InvariantCulture),
                point.Stopped > 0 ? $"{point.Stopped} of {point.Seeds}" : ""
            );
        }

        return table.ToString();
    }
}
