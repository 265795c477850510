using System.Globalization;
using System.Text;
using System.Text.Json;
using MathNet.Numerics.Statistics;
using SentimentControl.Datasets;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>Tables and figures over all runs of a grid: summary.md, summary.json, pictures.</summary>
internal sealed class GridSummary
{
    private const double CeilingUpTo = 4;
    private readonly GridArguments _arguments;
    private readonly RunSettings _settings;
    private readonly bool _whole;
    private readonly RunRecord[] _records;
    private readonly MethodResult[][] _literal;
    private readonly GridPoint _reference;
    private readonly GridPoint[] _bestOfN;
    private readonly CeilingPoint[] _ceiling;

    public GridSummary(
        GridArguments arguments,
        RunSettings settings,
        bool whole,
        RunRecord[] records,
        MethodResult[][] literal,
        CeilingPoint[] ceiling
    )
    {
        (_arguments, _settings, _whole, _records, _literal, _ceiling) = (arguments, settings, whole, records, literal, ceiling);
        _reference = new GridPoint([.. literal.Select(rows => rows[0])], 0, 0, null);
        _bestOfN = [.. arguments.N.Select(n => new GridPoint([.. literal.Select(rows => rows.First(row => row.N == n))], 0, 0, null))];
    }

    /// <summary>The shortest account: Pareto shares and what comes nearest to Best-of-N.</summary>
    public string Reading => Has("tuning") ? $"{Pareto()}\n{Tuning()}" : Pareto();

    public void Write(string folder)
    {
        GridPoint[] grid = [.. Points("grid").Select(pair => pair.Point)];
        string title = string.Create(
            CultureInfo.InvariantCulture,
            $"{_arguments.Dataset}: mean over seeds {string.Join(", ", _arguments.Seeds)}, bars from smallest to largest"
        );
        Save(
            "reward-kl.png",
            GridPlots.AgainstKl(
                _reference,
                _bestOfN,
                [.. grid.Where(point => point.Method == Method.Guided || GridPlan.PaperMethods.Contains(point.Method))],
                point => point.Reward,
                "mean reward of held-out answers",
                title,
                _ceiling
            )
        );
        Save(
            "winrate-kl.png",
            GridPlots.AgainstKl(
                _reference,
                _bestOfN,
                [.. grid.Where(point => point.Method == Method.Guided || GridPlan.PaperMethods.Contains(point.Method))],
                point => point.WinRate,
                "win rate against the reference",
                title,
                null
            )
        );
        Save("reward-kl-all.png", GridPlots.EachMethod(_reference, _bestOfN, grid, point => point.Reward, "mean reward"));
        Save("winrate-kl-all.png", GridPlots.EachMethod(_reference, _bestOfN, grid, point => point.WinRate, "win rate"));
        if (Has("samples"))
            Save("samples.png", GridPlots.Samples(SamplePoints(), title));
        var settings = RunFolder.Describe(_settings, _whole);
        var document = new
        {
            _arguments.Dataset,
            _arguments.Seeds,
            _arguments.N,
            _arguments.Quick,
            settings,
            literal = _literal,
            runs = _records,
        };
        File.WriteAllText(Path.Combine(folder, "summary.json"), JsonSerializer.Serialize(document, RunRecord.Json) + "\n");
        File.WriteAllText(
            Path.Combine(folder, "summary.md"),
            $"""
            # {_arguments.Dataset}, every method

            Seeds {string.Join(", ", _arguments.Seeds)}; {_records.Length} runs, {_records.Count(record =>
                record.Stopped is not null
            )} of them stopped by the guard; M = {_settings.SamplesPerPrompt}, {_settings.Steps} steps of {_settings.PromptsPerStep} prompts x {_settings.CompletionsPerPrompt} completions
            where nothing else is said. Held-out prompts; mean over seeds ± its standard error. Rewards in logits, KL and gap in nats.
            "Distance" is the win rate of Best-of-n, n real, at the same KL, minus the win rate: positive under the curve. No policy of that KL can win more often than pi_ref exp(c F) / Z, which is above the curve by 0.009 at the
            KL of n = 2, 0.004 at 4, 0.001 at 8 and less beyond: up to N = 4 the distance to that ceiling stands beside it. Far out, where the win rate is near 1, both say little.
            "Outside ranks" is KL minus that of the law of F: at most so much moves no rank.

            ## Methods

            {Grid()}
            ![reward against KL](reward-kl.png)

            ![win rate against KL](winrate-kl.png)

            ![reward against KL, all methods](reward-kl-all.png)

            ![win rate against KL, all methods](winrate-kl-all.png)

            Each method in red, Best-of-N in blue, all other methods in grey; bars from the smallest to the largest of the seeds; "beyond": points further to the right.

            ## Pareto fronts

            {Pareto()}
            ## Time

            {Time()}

            """
                + string.Concat(Studies())
                + $"""
                ## Runs that were stopped

                {StoppedRuns()}
                """
        );

        void Save(string name, byte[] picture) => File.WriteAllBytes(Path.Combine(folder, name), picture);
    }

    private bool Has(string study) => _records.Any(record => record.Run.Study == study);

    /// <summary>A section for each study that was made.</summary>
    private IEnumerable<string> Studies() =>
        from study in new (string Name, string Title, Func<string> Text)[]
        {
            ("samples", "Reference samples per prompt", () => Samples() + "![win rate and KL against M](samples.png)\n"),
            ("temperature", "Sampling temperature", Temperature),
            ("transform", "Increasing changes of the reward", Transform),
            ("paper-scale", "The scaling of the authors' published code", PaperScale),
            ("tuning", "What comes nearest to Best-of-N", Tuning),
            ("values", "Values along the answer, falling rates, growing batches", Valued),
            ("recipes", "Where a run begins, and how large its steps are", Searched),
            ("distilled", "The guided policy distilled", Distilled),
            ("heads", "What a value head learns from", Heads),
            ("proposals", "One of several guided draws", Proposals),
            ("variants", "Baselines, weights, clipping, moving average", Variants),
            ("speed", "Steps to 90 % of the gain", Speed),
        }
        where Has(study.Name)
        select $"## {study.Title}\n\n{study.Text()}\n";

    private IEnumerable<(GridRun Run, GridPoint Point)> Points(string study) =>
        _records
            .Where(record => record.Run.Study == study)
            .GroupBy(record => record.Run with { Seed = 0 })
            .Select(group =>
                (
                    group.Key,
                    new GridPoint(
                        [.. group.Select(record => record.Result)],
                        group.Count(record => record.Stopped is not null),
                        group.Average(record => record.CompletionsDrawn),
                        GridCosts.Of([.. group])
                    )
                )
            );

    /// <summary>The default run of the grid that a study's run is compared with.</summary>
    private GridPoint? Default(Method method, int n) =>
        Points("grid").Where(pair => pair.Run.Method == method && pair.Run.N == n).Select(pair => pair.Point).FirstOrDefault();

    private string Grid()
    {
        var table = new MarkdownTable(
            "method",
            "N",
            "reward",
            "win rate",
            "KL",
            "distance",
            "to the ceiling",
            "KL to Best-of-N",
            "outside ranks",
            "length",
            "distinct",
            "tokens per answer",
            "stopped"
        );
        foreach (
            GridPoint point in (IEnumerable<GridPoint>)
                [
                    _reference,
                    .. _bestOfN,
                    .. Points("grid")
                        .OrderBy(pair => Array.IndexOf(GridPlan.Methods, pair.Run.Method))
                        .ThenBy(pair => pair.Run.N)
                        .Select(pair => pair.Point),
                ]
        )
        {
            string n = point.N is double value
                ? value.ToString("0", CultureInfo.InvariantCulture)
                    + (point.Beta is SeedMean beta ? $", β {beta.Mean.ToString("0.00", CultureInfo.InvariantCulture)}" : "")
                : "";
            table.Add(
                MethodResult.MethodName(point.Method),
                n,
                point.Reward.Text("0.00"),
                point.WinRate.Text("0.000"),
                point.Kl.Text("0.00"),
                point.Method == Method.Reference ? "" : point.Distance.Text("0.000"),
                point.N <= CeilingUpTo ? point.CeilingDistance.Text("0.000") : "",
                point.Gap?.Text("0.00") ?? "",
                point.OutsideRanks?.Text("0.00") ?? "",
                point.Length.Mean.ToString("0.0", CultureInfo.InvariantCulture),
                point.Distinct.Mean.ToString("0.00", CultureInfo.InvariantCulture),
                point.Tokens.Mean.ToString("0", CultureInfo.InvariantCulture),
                point.Stopped > 0 ? $"{point.Stopped} of {point.Seeds}" : ""
            );
        }

        return table.ToString();
    }

    private string Pareto()
    {
        RunRecord[] grid = [.. _records.Where(record => record.Run.Study == "grid")],
            paper = [.. grid.Where(record => GridPlan.PaperMethods.Contains(record.Run.Method))];
        var table = new MarkdownTable(
            "share of points on the Pareto front",
            "reward, paper's methods",
            "win rate, paper's methods",
            "reward, all",
            "win rate, all"
        );
        var columns = new[]
        {
            ParetoShares.Of(paper, r => r.Reward),
            ParetoShares.Of(paper, r => r.WinRate),
            ParetoShares.Of(grid, r => r.Reward),
            ParetoShares.Of(grid, r => r.WinRate),
        };
        foreach (Method method in GridPlan.Methods.Where(method => grid.Any(record => record.Run.Method == method)))
            table.Add([
                MethodResult.MethodName(method),
                .. columns.Select(column =>
                    column.TryGetValue(method, out var share)
                        ? string.Create(CultureInfo.InvariantCulture, $"{share.ByValue:0%} ({share.WithinErrors:0%})")
                        : ""
                ),
            ]);
        return table
            + "\nBy the values; in brackets up to 1.96 standard errors of the differences. Each seed has a front of its own; runs that "
            + "the guard stopped are left out.\n";
    }

    /// <summary>What a run costs: the median over the whole runs of the grid,
    /// which ran several at a time, so only their ratio means something.</summary>
    private string Time()
    {
        var table = new MarkdownTable(
            "method",
            "time of a run, that of the first method being 1",
            "processor time",
            "with the head shared",
            "completions drawn"
        );
        GridCosts? unit = Unit();
        var byMethod = _records
            .Where(record => record.Run.Study == "grid" && record.Stopped is null)
            .GroupBy(record => record.Run.Method)
            .OrderBy(group => Array.IndexOf(GridPlan.Methods, group.Key))
            .ToArray();
        foreach (var runs in byMethod)
            table.Add(
                MethodResult.MethodName(runs.Key),
                (Median(runs) / Median(byMethod[0])).ToString("0.0", CultureInfo.InvariantCulture),
                Times(GridCosts.Of([.. runs])?.Alone(unit)),
                Times(GridCosts.Of([.. runs])?.Shared(unit, GridCosts.Sharing(_records, runs.First().Run))),
                runs.Average(record => record.CompletionsDrawn).ToString("N0", CultureInfo.InvariantCulture)
            );
        return table
            + "\nTime: training and measuring, median over the whole runs of the grid. Processor time: drawing, scoring, gradients and "
            + "the value head, with that of vBoN being 1; empty where several runs went at a time (--threads 1 measures it). Shared: the "
            + "head counted once for all N that use it here.\n";

        static double Median(IEnumerable<RunRecord> runs) => runs.Select(record => record.Seconds).Median();
    }

    private List<(int N, int Samples, GridPoint Point)> SamplePoints() =>
        [
            .. Points("samples").Select(pair => (pair.Run.N, pair.Run.Variation.Samples!.Value, pair.Point)),
            .. Points("grid")
                .Where(pair =>
                    pair.Run.Method == Method.VariationalBestOfN
                    && _records.Any(record => record.Run.Study == "samples" && record.Run.N == pair.Run.N)
                )
                .Select(pair => (pair.Run.N, _settings.SamplesPerPrompt, pair.Point)),
        ];

    private string Samples()
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

    private string Temperature()
    {
        var table = new MarkdownTable("method", "N", "temperature", "reward", "win rate", "KL", "distance", "length", "distinct");
        foreach (
            var (run, point) in Points("temperature")
                .Concat(
                    Points("grid")
                        .Where(pair => Points("temperature").Any(other => other.Run.Method == pair.Run.Method && other.Run.N == pair.Run.N))
                )
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

    private string Transform()
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
        foreach (var (run, point) in Points("transform"))
        {
            int equal = _records.Count(record =>
                record.Run with { Seed = 0 } == run
                && _records.Any(plain =>
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

    private string PaperScale()
    {
        var table = new MarkdownTable(
            "N",
            "effective N, scaled as published",
            "theory N - 1 + 1/N",
            "effective N, both terms alike",
            "KL, scaled as published",
            "KL, both terms alike"
        );
        foreach (var (run, point) in Points("paper-scale"))
        {
            var plain = Default(Method.VariationalBestOfN, run.N);
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

    private string Tuning() =>
        Compared("tuning", [Method.VariationalBestOfN, Method.BestOfNSft, Method.Jeffreys, Method.ClippedRatio, Method.Iterated])
        + "\nThe nearest first. b: weight of the reverse KL in the Jeffreys mix (0.5 by default); K: completions per prompt, with as many "
        + "per step; final rate: part of the learning rate left at the end (0.1 by default).\n";

    private string Valued() =>
        Compared("values", [Method.VariationalBestOfN, Method.CalibratedTilt, Method.Guided])
        + "\nThe nearest first. lambda: values of the seed's head in the gradient; final rate: part of the learning rate left at the end; "
        + "first part: the batch grows from that part of its mean to as much above it; steps x: times the draws of the default. Cost: "
        + "processor time of drawing, scoring, gradients and head as a multiple of the default's; shared: the head counted once for all N "
        + "that use it here.\n";

    private string Searched() =>
        Compared("recipes", [Method.VariationalBestOfN, Method.Guided])
        + "\nThe nearest first. warm start: BoN-SFT for that part of the steps; guided start: likelihood of the guided policy's draws; "
        + "batch x: completions of a step as a multiple of the default's; the other columns as above.\n";

    private string Distilled() =>
        Compared("distilled", [Method.VariationalBestOfN, Method.Guided])
        + "\nThe nearest first. distilled: that part of the steps pulls the policy to the guided one on its own draws, the rest is vBoN; "
        + "kept: batches that a step goes through, the new one and those before it; the other columns as above.\n";

    private string Heads() =>
        Compared("heads", [Method.Guided])
        + "\nThe nearest first. value weight: how much the values of N = 4, 16 and 64 count in the head's loss beside the law of F; "
        + "head reads layer: hidden states of every layer of the reference, or of the middle one, beside the last.\n";

    private string Proposals()
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
            var (run, point) in Points("proposals")
                .Concat(
                    Points("grid")
                        .Where(pair => pair.Run.Method == Method.Guided && Points("proposals").Any(other => other.Run.N == pair.Run.N))
                )
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

    private string Variants() =>
        Compared("variants", [.. _records.Where(record => record.Run.Study == "variants").Select(record => record.Run.Method).Distinct()])
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
        GridCosts? unit = Unit();
        var candidates = Points(study)
            .Concat(
                Points("grid").Where(pair => defaults.Contains(pair.Run.Method) && Points(study).Any(other => other.Run.N == pair.Run.N))
            );
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
                Times(point.Costs?.Alone(unit)),
                Times(point.Costs?.Shared(unit, GridCosts.Sharing(_records, run))),
                point.Drawn.ToString("N0", CultureInfo.InvariantCulture),
                point.Stopped > 0 ? $"{point.Stopped} of {point.Seeds}" : ""
            );
        }

        return table.ToString();
    }

    /// <summary>Processor seconds of vBoN as it is by default, over all N:
    /// what costs are multiples of; null where they were not measured.</summary>
    private GridCosts? Unit() =>
        GridCosts.Of([.. _records.Where(record => record.Run.Study == "grid" && record.Run.Method == Method.VariationalBestOfN)]);

    private static string Times(double? cost) => cost?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";

    private string Speed()
    {
        var table = new MarkdownTable(
            "method",
            "N",
            "steps to 90 % of Best-of-N's gain",
            "completions drawn by then",
            "KL then, times Best-of-N's",
            "KL at the end, times Best-of-N's"
        );
        foreach (var runs in _records.Where(record => record.Run.Study == "speed").GroupBy(record => record.Run with { Seed = 0 }))
        {
            var reached = new List<(CurvePoint Point, double Kl)>();
            var final = new List<double>();
            foreach (var record in runs)
            {
                MethodResult[] literal = _literal[_arguments.Seeds.ToList().IndexOf(record.Run.Seed)];
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

    private string StoppedRuns()
    {
        var text = new StringBuilder();
        foreach (var record in _records.Where(record => record.Stopped is not null))
            text.Append(
                CultureInfo.InvariantCulture,
                $"- {MethodResult.MethodName(record.Run.Method)}, N = "
                    + $"{record.Run.N}{(record.Run.Variation.Name.Length == 0 ? "" : ", " + record.Run.Variation.Name)}, seed "
                    + $"{record.Run.Seed} ({record.Run.Study}): {record.Stopped!.Split(". ")[0]}.\n"
            );
        return text.Length == 0 ? "None.\n" : text.ToString();
    }
}
