using System.Globalization;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The studies that have a table of their own, in Markdown. Immutable.</summary>
internal sealed class StudyTables(GridRecords records, int samplesPerPrompt)
{
    /// <summary>vBoN with other M, and with that of the grid, at the same N.</summary>
    public List<(int N, int Samples, GridPoint Point)> SamplePoints() =>
        [
            .. records
                .Beside("samples", (plain, varied) => plain.Method == Method.VariationalBestOfN && plain.N == varied.N)
                .Select(pair => (pair.Run.N, pair.Run.Variation.Samples ?? samplesPerPrompt, pair.Point)),
        ];

    public string Samples()
    {
        var table = new MarkdownTable("N", "M", "reward", "win rate", "KL", "distance");
        foreach (var (n, samples, point) in SamplePoints().OrderBy(p => p.N).ThenBy(p => p.Samples))
            table.Add(
                $"{n}",
                $"{samples}",
                point.Reward.Text("0.00"),
                point.WinRate.Text("0.000"),
                point.Kl.Text("0.00"),
                point.Distance.Text("0.000")
            );
        return table + "\nvBoN; the cache of the training prompts has M samples a prompt.\n";
    }

    public string Temperature()
    {
        var table = new MarkdownTable("method", "N", "temperature", "reward", "win rate", "KL", "distance", "length", "distinct");
        foreach (
            var (run, point) in records
                .Beside("temperature", (plain, varied) => plain.Method == varied.Method && plain.N == varied.N)
                .OrderBy(pair => pair.Run.Method)
                .ThenBy(pair => pair.Run.Variation.Temperature ?? 1)
        )
        {
            table.Add(
                MethodResult.MethodName(run.Method),
                $"{run.N}",
                (run.Variation.Temperature ?? 1).ToString("0.##", CultureInfo.InvariantCulture),
                point.Reward.Text("0.00"),
                point.WinRate.Text("0.000"),
                point.Kl.Text("0.00"),
                point.Distance.Text("0.000"),
                point.Length.Mean.ToString("0.0", CultureInfo.InvariantCulture),
                point.Distinct.Mean.ToString("0.00", CultureInfo.InvariantCulture)
            );
        }

        return table
            + "\nReference, policy, cache and measurement all sample at the temperature, so win rates are against the reference at that "
            + "temperature.\n";
    }

    public string Transform()
    {
        var table = new MarkdownTable(
            "method",
            "reward trained on",
            "reward r",
            "win rate",
            "KL",
            "weights equal to those of r",
            "stopped"
        );
        foreach (var (run, point) in records.Points("transform"))
        {
            int equal = records.All.Count(record =>
                record.Run with { Seed = 0 } == run
                && records.All.Any(plain =>
                    plain.Run == new GridRun("grid", run.Method, run.N, record.Run.Seed, new Variation()) && plain.Weights == record.Weights
                )
            );
            table.Add(
                MethodResult.MethodName(run.Method),
                run.Variation.Transform!,
                point.Reward.Text("0.00"),
                point.WinRate.Text("0.000"),
                point.Kl.Text("0.00"),
                $"{equal} of {point.Seeds} seeds",
                point.Stopped > 0 ? $"{point.Stopped} of {point.Seeds}" : ""
            );
        }

        return table
            + "\nsigmoid is 1 / (1 + exp(-r)), exp is exp(r / 2), both in double precision; that ranks are kept is asserted first. beta "
            + "is matched to the same KL for each reward.\n";
    }

    public string PaperScale()
    {
        var table = new MarkdownTable(
            "N",
            "effective N, scaled as published",
            "theory N - 1 + 1/N",
            "effective N, both terms alike",
            "KL, scaled as published",
            "KL, both terms alike"
        );
        foreach (var (run, point) in records.Points("paper-scale"))
        {
            var plain = records.Default(Method.VariationalBestOfN, run.N);
            table.Add(
                $"{run.N}",
                point.EffectiveN.Text("0.00"),
                (run.N - 1 + (1.0 / run.N)).ToString("0.00", CultureInfo.InvariantCulture),
                plain?.EffectiveN.Text("0.00") ?? "",
                point.Kl.Text("0.00"),
                plain?.Kl.Text("0.00") ?? ""
            );
        }

        return table + "\nEffective N is w / (1 - w) of the win rate w.\n";
    }

    public string Proposals()
    {
        var table = new MarkdownTable(
            "N",
            "of guided draws",
            "draws",
            "win rate",
            "KL",
            "distance",
            "KL to Best-of-N",
            "reward",
            "tokens per answer"
        );
        foreach (
            var (run, point) in records
                .Beside("proposals", (plain, varied) => plain.Method == Method.Guided && plain.N == varied.N)
                .OrderBy(pair => pair.Run.N)
                .ThenBy(pair => pair.Run.Variation.Weighted ?? false)
                .ThenBy(pair => pair.Run.Variation.Draws ?? 1)
        )
        {
            table.Add(
                $"{run.N}",
                run.Variation.Draws is null ? "one"
                    : run.Variation.Weighted is true ? "by weight"
                    : "the best",
                $"{run.Variation.Draws ?? 1}",
                point.WinRate.Text("0.000"),
                point.Kl.Text("0.00"),
                point.Distance.Text("0.000"),
                point.Gap?.Text("0.00") ?? "",
                point.Reward.Text("0.00"),
                point.Tokens.Mean.ToString("0", CultureInfo.InvariantCulture)
            );
        }

        return table
            + "\nBy weight: drawn guided to N, kept by the importance weight towards Best-of-N. The best: drawn guided to N / draws; the "
            + "KL of that choice is taken as log k - (k - 1) / k, with ties an upper bound. Each draw is scored by the reward model.\n";
    }

    public string Speed()
    {
        var table = new MarkdownTable(
            "method",
            "N",
            "steps to 90 % of Best-of-N's gain",
            "completions drawn by then",
            "KL then, times Best-of-N's",
            "KL at the end, times Best-of-N's"
        );
        foreach (var runs in records.Of("speed").GroupBy(record => record.Run with { Seed = 0 }))
        {
            var reached = new List<(CurvePoint Point, double Kl)>();
            var final = new List<double>();
            foreach (var record in runs)
            {
                IReadOnlyList<MethodResult> literal = records.Literal(record.Run.Seed);
                MethodResult best = literal.First(row => row.N == record.Run.N);
                double wanted = literal[0].Reward.Value + (0.9 * (best.Reward.Value - literal[0].Reward.Value));
                if (record.Curve.FirstOrDefault(point => point.Reward >= wanted) is CurvePoint point)
                    reached.Add((point, point.Kl / best.Kl.Value));
                final.Add(record.Result.Kl.Value / best.Kl.Value);
            }

            bool all = reached.Count == runs.Count();
            table.Add(
                MethodResult.MethodName(runs.Key.Method),
                $"{runs.Key.N}",
                reached.Count == 0
                    ? "not reached"
                    : SeedMean.Of(reached.Select(p => (double)p.Point.Step)).Text("0")
                        + (all ? "" : $", {reached.Count} of {runs.Count()} seeds"),
                reached.Count == 0 ? "" : SeedMean.Of(reached.Select(p => (double)p.Point.CompletionsDrawn)).Text("N0"),
                reached.Count == 0 ? "" : SeedMean.Of(reached.Select(p => p.Kl)).Text("0.00"),
                SeedMean.Of(final).Text("0.00")
            );
        }

        return table
            + "\nHeld-out numbers every 10 steps. Reward arrives before KL has come down again: do not stop at the first crossing.\n";
    }
}
