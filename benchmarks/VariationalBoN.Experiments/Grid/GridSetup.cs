using System.Collections.Immutable;
using SampleHosting;
using SentimentControl.Datasets;
using SentimentControl.Reporting;
using SentimentControl.Training;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.References;

namespace VariationalBoN.Experiments.Grid;

/// <summary>What all runs of one seed share, made once and kept in the folder of the seed,
/// so that a run that goes on finds it. Thread-safe once made.</summary>
internal sealed class GridSetup : IDisposable
{
    private const string ReferenceFolder = "reference",
        HeadName = "value-head";
    private readonly VariationalBoN.Transformers.Decoders.Gpt2 _reference;
    private readonly Dictionary<double, Experiment> _byTemperature = [];
    private readonly string _folder;
    private readonly Dictionary<Variation, (ValueHead Head, double Seconds)> _heads = [];

    private GridSetup(Experiment plain, VariationalBoN.Transformers.Decoders.Gpt2 reference, string folder)
    {
        (_reference, _folder) = (reference, folder);
        _byTemperature[1] = plain;
    }

    /// <summary>The value head of a run, with the processor seconds that learning it took.</summary>
    public (ValueHead Head, double Seconds) HeadOf(Variation variation) => _heads[variation.OfHead];

    /// <summary>The experiment of a temperature of the plan.</summary>
    public Experiment At(double temperature) => _byTemperature[temperature];

    /// <summary>Trains or loads language model, judge and caches.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="settings">Sizes; M is the largest of the plan.</param>
    /// <param name="arguments">Device and threads.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="temperatures">The temperatures besides 1.</param>
    /// <param name="folder">Where the parts are kept.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    public static async Task<GridSetup> ObtainAsync(
        IDataset dataset,
        RunSettings settings,
        GridArguments arguments,
        long seed,
        IReadOnlyList<double> temperatures,
        string folder,
        IProgress<double> progress,
        CancellationToken cancellationToken
    )
    {
        var device = CommonOptions.DeviceOf(arguments.Device);
        string kept = Path.Combine(folder, ReferenceFolder);
        if (!File.Exists(Path.Combine(kept, "model.safetensors")))
        {
            using var trained = dataset
                .ObtainReference(settings, seed, device, new Forward<double>(share => progress.Report(0.2 * share)), cancellationToken)
                .Model;
            using var whole = OutputFolder.Create(kept);
            SavedModel.Save(whole.Path, trained, dataset);
            whole.Complete();
        }

        var model = SavedModel.Load(kept, dataset, device).Model.Freeze();
        var reward = dataset.TrainReward(seed, new Forward<double>(share => progress.Report(0.2 + (0.2 * share))), cancellationToken).Model;
        var generation = new GenerationOptions
        {
            MaxNewTokens = dataset.MaxNewTokens,
            StopTokens = dataset.StopTokens,
            RowsPerBatch = 128,
        };
        string[] train = [.. dataset.TrainPrompts.Take(settings.TrainPrompts)],
            heldOut = [.. dataset.HeldOutPrompts.Take(settings.HeldOutPrompts)];
        var plain = new Experiment
        {
            Settings = settings,
            Seed = seed,
            Device = device,
            Tokenizer = dataset.Tokenizer,
            Generation = generation,
            ReferenceModel = model,
            Reference = new CausalLmPolicy(model, dataset.Tokenizer, generation),
            Reward = reward,
            Table = await EstimateAsync(
                generation,
                1,
                new Forward<double>(share => progress.Report(0.4 + (0.6 * share / (temperatures.Count + 1))))
            ),
            TrainPrompts = Prompt.FromTexts(train),
            HeldOutPrompts = Prompt.FromTexts(heldOut),
        };
        var setup = new GridSetup(plain, model, folder);
        for (int i = 0; i < temperatures.Count; i++)
        {
            int place = i + 1;
            var cooler = generation with { Temperature = temperatures[i] };
            setup._byTemperature[temperatures[i]] = plain with
            {
                Generation = cooler,
                Reference = new CausalLmPolicy(model, dataset.Tokenizer, cooler),
                Table = await EstimateAsync(
                    cooler,
                    temperatures[i],
                    new Forward<double>(share => progress.Report(0.4 + (0.6 * (place + share) / (temperatures.Count + 1))))
                ),
            };
        }

        return setup;

        async Task<ReferenceTable> EstimateAsync(GenerationOptions options, double temperature, IProgress<double> part)
        {
            var policy = new CausalLmPolicy(model, dataset.Tokenizer, options with { DegreeOfParallelism = arguments.Threads });
            using var kept = await ReferenceTable.EstimateAsync(
                new Scorer(policy, reward),
                [.. train, .. heldOut],
                new ReferenceTableOptions
                {
                    SamplesPerPrompt = settings.SamplesPerPrompt,
                    Seed = seed,
                    Store = Path.Combine(folder, FormattableString.Invariant($"references-t{temperature:0.##}.db")),
                    Progress = new Forward<ReferenceTableProgress>(now => part.Report(now.Share)),
                },
                cancellationToken
            );
            return kept.First(settings.SamplesPerPrompt); // in memory: the runs ask for samples at every step
        }
    }

    /// <summary>An experiment whose rewards, stored and live, are an increasing change of the same rewards.</summary>
    /// <exception cref="InvalidDataException">Rounding made two rewards equal, or changed an order:
    /// then the two experiments would not be comparable.</exception>
    public static Experiment Transformed(Experiment experiment, string transform)
    {
        Func<double, double> change = transform switch
        {
            "sigmoid" => r => 1 / (1 + Math.Exp(-r)),
            "exp" => r => Math.Exp(r / 2),
            _ => throw new ArgumentException($"There is no transform '{transform}'.", nameof(transform)),
        };
        foreach (var prompt in experiment.Table.Prompts)
        {
            var sorted = prompt.Cdf.SortedRewards;
            for (int i = 1; i < sorted.Length; i++)
            {
                if (sorted[i - 1] < sorted[i] != change(sorted[i - 1]) < change(sorted[i]))
                    throw new InvalidDataException($"{transform} does not keep the order of {sorted[i - 1]:R} and {sorted[i]:R}.");
            }
        }

        var reward = RewardModel.FromBatch(
            async (completions, ct) => [.. (await experiment.Reward.ScoreAsync(completions, ct)).Select(change)],
            $"{transform} of {experiment.Reward.Identity}"
        );
        var provenance = experiment.Table.Provenance! with
        {
            Origin = experiment.Table.Provenance.Origin with { RewardModel = reward.Identity },
        };
        var prompts = experiment.Table.Prompts.Select(prompt => new ReferencePrompt(
            prompt.Prompt,
            prompt.Samples.Select(sample => sample with { Reward = change(sample.Reward) })
        ));
        return experiment with { Reward = reward, Table = new ReferenceTable(prompts, provenance) };
    }

    public void Dispose()
    {
        foreach (var kind in _heads.Values)
            kind.Head.Dispose();
        _reference.Dispose();
    }

    /// <summary>Learns the head from the samples of the training prompts, or reads it:
    /// before the runs, so that its time is its own.</summary>
    /// <param name="run">A run that uses it.</param>
    /// <param name="samplesPerPrompt">M where the variation has none of its own.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    public void ObtainHead(GridRun run, int samplesPerPrompt, CancellationToken cancellationToken)
    {
        Experiment experiment = At(1);
        Variation kind = run.Variation.OfHead;
        if (_heads.ContainsKey(kind))
            return;
        string name =
            kind.Name.Length == 0 ? HeadName : $"{HeadName}-{kind.Name.Replace(", ", "_", StringComparison.Ordinal).Replace(' ', '-')}";
        string file = Path.Combine(_folder, $"{name}.safetensors"),
            costs = Path.Combine(_folder, $"{name}.json");
        RewardSoFar? soFar = kind.HeadReward is true ? new RewardSoFar(experiment.Reference, experiment.Reward) : null;
        ImmutableArray<int> layers = Layers(kind.HeadReads);
        ValueHeadOptions options = run.HeadOptions(experiment.Settings.Head)! with { PrefixReward = soFar, ReferenceLayers = layers };
        options = options with { HiddenStateBytes = options.HiddenStateBytes * (1 + layers.Length) }; // kept where those of the default are
        if (File.Exists(file) && RunFolder.Read<HeadCost>(costs) is HeadCost cost)
        {
            var kept = ValueHead.Load(file, new Scorer(experiment.Reference, experiment.Reward), soFar);
            if (kept.Options == options)
            {
                _heads[kind] = (kept, cost.ProcessorSeconds);
                return;
            }

            kept.Dispose(); // of other defaults
        }

        ReferenceTable table = experiment.Table.First(kind.Samples ?? samplesPerPrompt);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        var head = ValueHead.Train(experiment.Reference, table, experiment.TrainPrompts, options, null, cancellationToken);
        double seconds = Math.Round((Environment.CpuUsage.TotalTime - before).TotalSeconds, 1);
        _heads[kind] = (head, seconds);
        head.Save(file);
        RunFolder.Write(costs, new HeadCost(seconds));
    }

    private ImmutableArray<int> Layers(string? read) =>
        read switch
        {
            null => [],
            "middle" => [_reference.Shape.Layers / 2],
            _ => [.. Enumerable.Range(0, _reference.Shape.Layers)],
        };

    private sealed record HeadCost(double ProcessorSeconds);
}
