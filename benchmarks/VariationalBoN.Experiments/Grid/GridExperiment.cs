using System.Text.Json.Nodes;
using SampleHosting;
using SentimentControl.Datasets;
using SentimentControl.Reporting;
using SentimentControl.Training;
using VariationalBoN.Evaluation;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The grid: every run of the plan, each with a file of its own, then tables and figures over all. Stateless.</summary>
internal static class GridExperiment
{
    private const string RunsFolder = "runs";
    private const double SetupCost = 6;

    /// <summary>What a folder of runs is made with; runs of something else are no part of it.</summary>
    private sealed record Manifest(string Dataset, bool Quick, string Device, string Library, JsonObject Settings);

    /// <summary>Makes the runs that are not there yet and writes the summary anew.</summary>
    /// <exception cref="InvalidDataException">A file in the output folder is damaged, or of another program;
    /// the message names it.</exception>
    public static async Task RunAsync(GridArguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        CommonOptions.RequireWritable("--output", arguments.Output);
        var dataset = DatasetCatalog.Create(arguments.Dataset);
        var settings = dataset.Settings(arguments.Quick);
        bool whole = GridPlan.IsWhole(dataset);
        int[] ns = [.. arguments.N.Select(n => (int)n)];
        var studies = arguments.Studies ?? (whole ? GridPlan.Studies : []);
        var plan = GridPlan.Of(ns, arguments.Seeds, arguments.Methods, studies, arguments.Quick, whole, settings);
        int[] literalNs = [.. ns.Union(plan.Where(run => run.Variation.Curve is true).Select(run => run.N)).Order()];
        int largest = Math.Max(settings.SamplesPerPrompt, plan.Max(run => run.Variation.Samples ?? 0));
        double[] temperatures = [.. plan.Select(run => run.Variation.Temperature).OfType<double>().Distinct().Order()];
        string runs = Path.Combine(arguments.Output, RunsFolder);
        string library = typeof(ReferenceTable).Assembly.GetName().Version!.ToString();
        RunFolder.Require(
            runs,
            new Manifest(arguments.Dataset, arguments.Quick, arguments.Device, library, RunFolder.Describe(settings, whole))
        );

        var progress = new RunProgress(output, !Console.IsOutputRedirected);
        GridRun[] open = [.. plan.Where(run => RunRecord.Find(runs, run, settings) is null)];
        progress.Say($"{plan.Count} runs over {arguments.Seeds.Count} seeds, {plan.Count - open.Length} of them done before");
        var stages = arguments
            .Seeds.Select(seed => (Seed: seed, Runs: open.Where(run => run.Seed == seed).ToArray()))
            .Where(part =>
                part.Runs.Length > 0
                || literalNs.Except(Literal(arguments, part.Seed).Select(row => (int?)row.N ?? 1)).Any()
                || !File.Exists(CeilingPath(arguments, part.Seed))
            )
            .Select(part =>
                (
                    part.Seed,
                    part.Runs,
                    Setup: progress.Plan($"seed {part.Seed}, models and caches", SetupCost),
                    Train: progress.Plan($"seed {part.Seed}, runs", part.Runs.Sum(run => run.Cost) / arguments.Threads)
                )
            )
            .ToArray();
        foreach ((long seed, GridRun[] mine, var setupStage, var runsStage) in stages)
        {
            string folder = Path.Combine(arguments.Output, $"seed{seed}");
            Directory.CreateDirectory(folder);
            using var setup = await GridSetup.ObtainAsync(
                dataset,
                settings with
                {
                    SamplesPerPrompt = largest,
                },
                arguments,
                seed,
                temperatures,
                folder,
                setupStage,
                cancellationToken
            );
            foreach (GridRun run in mine.Where(run => run.NeedsHead))
                setup.ObtainHead(run, settings.SamplesPerPrompt, cancellationToken);
            setupStage.Finish($"seed {seed}: models and caches");
            await LiteralAsync(arguments, setup, seed, literalNs, cancellationToken);
            if (!File.Exists(CeilingPath(arguments, seed)))
                RunFolder.Write(
                    CeilingPath(arguments, seed),
                    RewardCeiling
                        .Of(setup.At(1).Table, setup.At(1).HeldOutPrompts)
                        .Select(point => new CeilingPoint(point.Kl, point.Reward.Value))
                        .ToArray()
                );
            var shares = new RunShares<GridRun>(runsStage, mine, run => run.Cost);
            await Parallel.ForEachAsync(
                mine,
                new ParallelOptions { MaxDegreeOfParallelism = arguments.Threads, CancellationToken = cancellationToken },
                async (run, ct) =>
                {
                    var record = await GridTraining.RunAsync(
                        run,
                        setup,
                        settings.SamplesPerPrompt,
                        arguments.Threads == 1,
                        shares.Of(run),
                        ct
                    );
                    record.Save(runs);
                    if (record.Stopped is not null)
                        progress.Say($"{MethodResult.MethodName(run.Method)} N={run.N} {run.Variation.Name} seed {seed}: {record.Stopped}");
                }
            );
            runsStage.Finish($"seed {seed}: {mine.Length} runs");
        }

        RunRecord[] records = [.. plan.Select(run => RunRecord.Find(runs, run, settings)!)];
        MethodResult[][] literal =
        [
            .. arguments.Seeds.Select(seed =>
                Literal(arguments, seed).Where(row => row.N is null || literalNs.Contains((int)row.N)).ToArray()
            ),
        ];
        CeilingPoint[] ceiling = CeilingPoint.Mean([
            .. arguments.Seeds.Select(seed => RunFolder.Read<CeilingPoint[]>(CeilingPath(arguments, seed))!),
        ]);
        var summary = new GridSummary(arguments, settings, whole, records, literal, ceiling);
        summary.Write(arguments.Output);
        output.WriteLine(summary.Reading);
        output.WriteLine($"Written to {arguments.Output}: summary.md, summary.json, figures, and a file for each run in {RunsFolder}.");
    }

    private static string LiteralPath(GridArguments arguments, long seed) => Path.Combine(arguments.Output, $"best-of-n-seed{seed}.json");

    private static string CeilingPath(GridArguments arguments, long seed) =>
        Path.Combine(arguments.Output, $"reward-ceiling-seed{seed}.json");

    /// <summary>The reference and literal Best-of-N in ascending order of N, as far as they were measured before.</summary>
    private static MethodResult[] Literal(GridArguments arguments, long seed) =>
        RunFolder.Read<MethodResult[]>(LiteralPath(arguments, seed)) ?? [];

    /// <summary>Measures the reference and literal Best-of-N on fresh draws, what is missing of them.</summary>
    private static async Task LiteralAsync(
        GridArguments arguments,
        GridSetup setup,
        long seed,
        IReadOnlyList<int> ns,
        CancellationToken cancellationToken
    )
    {
        var rows = Literal(arguments, seed).ToList();
        var measurement = new Measurement(setup.At(1));
        if (rows.Count == 0)
            rows.Add(await measurement.ReferenceAsync(cancellationToken));
        foreach (int n in ns.Where(n => rows.All(row => row.N != n)).ToArray())
            rows.Add(await measurement.BestOfNAsync(n, rows[0], cancellationToken));
        RunFolder.Write(LiteralPath(arguments, seed), rows.OrderBy(row => row.N ?? 0).ToArray());
    }
}
