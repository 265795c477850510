using System.Collections.Concurrent;
using SampleHosting;
using SentimentControl;
using SentimentControl.Datasets;
using SentimentControl.Reporting;
using SentimentControl.Training;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Guidance;
using VariationalBoN.References;

// Read on in Training/AlignmentRun (the loop), Training/Recipes (what a step trains on), Datasets/Reviews (language model and judge).
return await CommandLine.InvokeAsync(
    args,
    (arguments, stop) =>
        CommandHost.RunAsync(
            () =>
            {
                FastRuntime.Begin(arguments.PlainRuntime);
                torch.set_num_threads(1); // whole runs go in parallel: for models this small that beats threads inside an operation
                return arguments.Sample is string prompt
                    ? SampleCommand.RunAsync(arguments, prompt, Console.Out, stop)
                    : ExperimentRun.RunAsync(arguments, Console.Out, stop);
            },
            "Stopped; nothing was written.",
            stop
        )
);

/// <summary>The run from end to end: reference, judge, reference rewards, fine-tuning, measurement, report. Stateless.</summary>
internal static class ExperimentRun
{
    private const int PromptsShown = 5;

    /// <summary>Runs everything; files appear in the output folder only when all has succeeded.</summary>
    public static async Task RunAsync(Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        var dataset = DatasetCatalog.Create(arguments.Dataset);
        var settings = dataset.Settings(arguments.Quick);
        using var folder = OutputFolder.Create(arguments.Output);
        var progress = new RunProgress(output, !Console.IsOutputRedirected);
        var stages = new RunStages(progress, settings, arguments);

        // 1. The reference language model and the judge.
        var device = CommonOptions.DeviceOf(arguments.Device);
        var reference = dataset.ObtainReference(settings, arguments.Seed, device, stages.Reference, cancellationToken);
        using var referenceModel = reference.Model;
        referenceModel.UseMixedPrecision(arguments.MixedPrecision);
        stages.Reference.Finish($"language model: {reference.Quality}");
        var reward = dataset.TrainReward(arguments.Seed, stages.Reward, cancellationToken);
        stages.Reward.Finish(
            FormattableString.Invariant($"reward model: {reward.Description}, held-out accuracy {reward.HeldOutAccuracy:0.000}")
        );

        // 2. Reference rewards, once for all methods: table.BestOf(n) is the Best-of-N distribution.
        var generation = new GenerationOptions
        {
            MaxNewTokens = dataset.MaxNewTokens,
            StopTokens = dataset.StopTokens,
            RowsPerBatch = 128,
        };
        string[] train = [.. dataset.TrainPrompts.Take(settings.TrainPrompts)];
        string[] heldOut = [.. dataset.HeldOutPrompts.Take(settings.HeldOutPrompts)];
        var parallel = new CausalLmPolicy(referenceModel, dataset.Tokenizer, generation with { DegreeOfParallelism = arguments.Threads });
        var options = new ReferenceTableOptions
        {
            SamplesPerPrompt = settings.SamplesPerPrompt,
            Seed = arguments.Seed,
            Progress = new Forward<ReferenceTableProgress>(now => stages.Table.Report(now.Share)),
            Logger = ConsoleLog.Warnings,
        };
        var table = await ReferenceTable.EstimateAsync(
            new Scorer(parallel, reward.Model),
            [.. train, .. heldOut],
            options,
            cancellationToken
        );
        stages.Table.Finish(
            $"reference rewards: {settings.SamplesPerPrompt} for each of {train.Length} training and {heldOut.Length} held-out prompts"
        );
        var experiment = new Experiment
        {
            Settings = settings,
            Seed = arguments.Seed,
            Device = device,
            Tokenizer = dataset.Tokenizer,
            Generation = generation,
            ReferenceModel = referenceModel,
            Reference = new CausalLmPolicy(referenceModel, dataset.Tokenizer, generation),
            Reward = reward.Model,
            Table = table,
            TrainPrompts = Prompt.FromTexts(train),
            HeldOutPrompts = Prompt.FromTexts(heldOut),
        };

        // 3. One value head for every N, and fine-tuned copies of the reference; independent runs go in parallel.
        SavedModel.Save(Path.Combine(folder.Path, SavedModel.Folder, "reference"), referenceModel, dataset);
        var measurement = new Measurement(experiment);
        var referenceResult = await measurement.ReferenceAsync(cancellationToken);
        double shownN = arguments.N[^1];
        var head = new Lazy<Task<ValueHead>>(() =>
            Task.Run(
                () =>
                    ValueHead.Train(
                        experiment.Reference,
                        table,
                        experiment.TrainPrompts,
                        settings.Head with
                        {
                            Seed = arguments.Seed,
                        },
                        stages.Head,
                        cancellationToken
                    ),
                cancellationToken
            )
        );
        FineTuning[] valued = [.. FineTuning.WithValues(experiment, arguments.N, head)],
            plan = [.. FineTuning.Plan(experiment, arguments.N), .. valued];
        var results = new ConcurrentDictionary<FineTuning, MethodResult>();
        var shares = new RunShares<FineTuning>(stages.Runs, plan, run => run.Cost);
        SideBySide.Answer[] tuned = [];
        var workers = new ParallelOptions { MaxDegreeOfParallelism = arguments.Threads, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(
            [null, .. plan],
            workers,
            async (run, ct) =>
            {
                if (run is null)
                {
                    await head.Value; // first: the last runs wait for it
                    return;
                }

                using var model = await run.TrainAsync(experiment, shares.Of(run), ct);
                var result = await measurement.PolicyAsync(run.Method, model, run.N, run.Beta, run.BestOfN, ct);
                results[run] = result;
                string name = FormattableString.Invariant($"vbon-n{run.N:0}");
                bool nearest = run.Method == (run.N <= settings.SamplesPerPrompt ? Method.ValuedBestOfN : Method.VariationalBestOfN);
                if (nearest)
                    SavedModel.Save(Path.Combine(folder.Path, SavedModel.Folder, name), model, dataset);
                if (nearest && run.N == shownN)
                    tuned = await Answers.OfAsync(
                        experiment,
                        experiment.Policy(model),
                        PromptsShown,
                        MethodResult.MethodName(run.Method),
                        ct
                    );
                progress.Say($"{run.Name}: reward {result.Reward}, win rate {result.WinRate}, KL {result.Kl}");
            }
        );
        stages.Runs.Report(1);

        // 4. The same head guides the reference itself: N is a dial, further than the methods above.
        using var values = await head.Value;
        values.Save(Path.Combine(folder.Path, SavedModel.Folder, "value-head.safetensors"));
        var guided = new List<MethodResult>();
        foreach (double n in arguments.N.Append(4 * shownN).Where(n => n <= values.Samples))
            guided.Add(await measurement.GuidedAsync(experiment.Guided(values, RankWeight.BestOf(n)), cancellationToken));

        // 5. Literal Best-of-N, the cost that fine-tuning saves.
        var bestOfN = new List<MethodResult>();
        foreach (double n in arguments.N)
        {
            bestOfN.Add(await measurement.BestOfNAsync(n, referenceResult, cancellationToken));
            stages.BestOfN.Report(arguments.N.TakeWhile(m => m <= n).Sum() / arguments.N.Sum());
        }

        stages.BestOfN.Finish("measured");

        // 6. The report.
        MethodResult[] all = [referenceResult, .. bestOfN, .. plan.Select(run => results[run]), .. guided];
        var answers = await Answers.SideBySideAsync(experiment, shownN, tuned, PromptsShown, cancellationToken);
        table.Save(Path.Combine(folder.Path, Report.ReferencesFile));
        (double, double)[] ceiling =
        [
            .. RewardCeiling.Of(table, experiment.HeldOutPrompts).Select(point => (point.Kl, point.Reward.Value)),
        ];
        Report.Write(folder.Path, arguments, settings, reference, reward, all, ceiling, answers);
        folder.Complete();
        Report.Show(output, arguments, all, answers, heldOut[0]);
    }
}
