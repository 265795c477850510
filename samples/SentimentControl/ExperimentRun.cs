using System.Collections.Concurrent;
using SentimentControl.Datasets;
using SentimentControl.Reporting;
using SentimentControl.Training;
using Spectre.Console;
using VariationalBoN;
using VariationalBoN.References;

namespace SentimentControl;

/// <summary>The run from end to end: reference, judge, cache, fine-tuning of every method, measurement, report. Stateless.</summary>
internal static class ExperimentRun
{
    public const string ModelFolder = "models", ReferencesFile = "references.jsonl";
    private const int PromptsShown = 5;

    /// <summary>Runs everything; files appear in the output folder only when all has succeeded.</summary>
    public static async Task RunAsync(Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        var dataset = DatasetCatalog.Create(arguments.Dataset);
        var settings = dataset.Settings(arguments.Quick);
        using var folder = OutputFolder.Create(arguments.Output);
        var progress = new RunProgress(output, !Console.IsOutputRedirected);
        var costs = new RunCosts(settings, arguments);
        var referenceStage = progress.Plan("language model", costs.Reference);
        var rewardStage = progress.Plan("reward model", costs.Reward);
        var cacheStage = progress.Plan("reference rewards", costs.Cache);
        var runsStage = progress.Plan("fine-tuning", costs.Runs);
        var bestOfNStage = progress.Plan("literal Best-of-N", costs.BestOfN);

        // 1. The reference language model and the judge.
        var device = Device.Parse(arguments.Device);
        var reference = dataset.ObtainReference(settings, arguments.Seed, device, referenceStage, cancellationToken);
        using var referenceModel = reference.Model;
        referenceStage.Finish($"language model: {reference.Quality}");
        var reward = dataset.TrainReward(arguments.Seed, rewardStage, cancellationToken);
        rewardStage.Finish(FormattableString.Invariant($"reward model: {reward.Description}, held-out accuracy {reward.HeldOutAccuracy:0.000}"));

        // 2. Reference rewards, once for all methods: table.BestOf(n) is the Best-of-N distribution.
        var generation = new GenerationOptions { MaxNewTokens = dataset.MaxNewTokens, StopTokens = dataset.StopTokens, RowsPerBatch = 128 };
        var referencePolicy = new CausalLmPolicy(referenceModel, dataset.Tokenizer, generation);
        string[] train = [.. dataset.TrainPrompts.Take(settings.TrainPrompts)], heldOut = [.. dataset.HeldOutPrompts.Take(settings.HeldOutPrompts)];
        var cachePolicy = new CausalLmPolicy(referenceModel, dataset.Tokenizer, generation with { DegreeOfParallelism = arguments.Threads });
        var table = await ReferenceTable.EstimateAsync(cachePolicy, reward.Model, [.. train, .. heldOut], TableOptions(settings, arguments.Seed, cacheStage), cancellationToken);
        cacheStage.Finish($"reference rewards: {settings.SamplesPerPrompt} for each of {train.Length} training and {heldOut.Length} held-out prompts");
        var experiment = new Experiment
        {
            Settings = settings,
            Seed = arguments.Seed,
            Device = device,
            Tokenizer = dataset.Tokenizer,
            Generation = generation,
            ReferenceModel = referenceModel,
            Reference = referencePolicy,
            Reward = reward.Model,
            Table = table,
            TrainPrompts = train,
            HeldOutPrompts = heldOut,
        };

        // 3. Every method fine-tunes a copy of the reference; independent runs go in parallel.
        SavedModel.Save(Path.Combine(folder.Path, ModelFolder, "reference"), referenceModel, dataset);
        var measurement = new Measurement(experiment);
        var referenceResult = await measurement.ReferenceAsync(cancellationToken);
        var plan = FineTuning.Plan(experiment, arguments.N);
        var results = new ConcurrentDictionary<FineTuning, MethodResult>();
        var shares = new RunShares<FineTuning>(runsStage, plan, run => run.Cost);
        SideBySide.Answer[] tuned = [];
        await Parallel.ForEachAsync(plan, new ParallelOptions { MaxDegreeOfParallelism = arguments.Threads, CancellationToken = cancellationToken }, async (run, ct) =>
        {
            using var model = await run.TrainAsync(experiment, shares.Of(run), ct);
            var result = await measurement.PolicyAsync(run.Method, model, run.N, run.Beta, run.BestOfN, ct);
            results[run] = result;
            if (run.Method == Method.VariationalBestOfN)
                SavedModel.Save(Path.Combine(folder.Path, ModelFolder, FormattableString.Invariant($"vbon-n{run.N:0}")), model, dataset);
            if (run.Method == Method.VariationalBestOfN && run.N == ShownN(arguments))
                tuned = await Answers.OfAsync(experiment, experiment.Policy(model), PromptsShown, ct);
            progress.Say($"{run.Name}: reward {result.Reward}, win rate {result.WinRate}, KL {result.Kl}");
        });
        runsStage.Report(1);

        // 4. Literal Best-of-N, the cost that fine-tuning saves.
        var bestOfN = new List<MethodResult>();
        foreach (double n in arguments.N)
        {
            bestOfN.Add(await measurement.BestOfNAsync(n, referenceResult, cancellationToken));
            bestOfNStage.Report(arguments.N.TakeWhile(m => m <= n).Sum() / arguments.N.Sum());
        }

        bestOfNStage.Finish("measured");

        // 5. The report.
        MethodResult[] all = [referenceResult, .. bestOfN, .. plan.Select(run => results[run])];
        var answers = await Answers.SideBySideAsync(experiment, ShownN(arguments), tuned, PromptsShown, cancellationToken);
        table.Save(Path.Combine(folder.Path, ReferencesFile));
        Report.Write(folder.Path, arguments, settings, reference, reward, all, answers);
        folder.Complete();
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 160;
        AnsiConsole.Write(ResultTable.ForConsole(all));
        output.WriteLine(SideBySide.ForConsole(answers));
        output.WriteLine(Report.Reading(all));
        output.WriteLine($"Written to {arguments.Output}: report.md, results.json, {ReferencesFile} (for samples/InspectRewards), two plots, weights. Try them: --sample \"{heldOut[0]}\"");
    }

    private static ReferenceTableOptions TableOptions(RunSettings settings, long seed, RunProgress.Stage stage) => new()
    {
        SamplesPerPrompt = settings.SamplesPerPrompt,
        Seed = seed,
        Progress = new Forward<ReferenceTableProgress>(progress => stage.Report(progress.Share)),
    };

    /// <summary>The N whose answers are shown: the largest.</summary>
    private static double ShownN(Arguments arguments) => arguments.N[^1];
}
