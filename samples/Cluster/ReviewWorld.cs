using System.Collections.Immutable;
using SentimentControl.Datasets;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Orleans;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;

namespace Cluster;

/// <summary>The `reviews` model and judge of SentimentControl:
/// what each process makes for itself, equal everywhere. Not thread-safe.</summary>
internal sealed class ReviewWorld : IDisposable
{
    private readonly Gpt2 _reference;

    public ReviewWorld(Settings settings)
    {
        IDataset dataset = DatasetCatalog.Create("reviews");
        _reference = new Gpt2(dataset.ModelConfig, seed: 0);
        Safetensors.Load(settings.Model, _reference);
        _reference.Freeze();
        Network = new Gpt2(dataset.ModelConfig, seed: 0);
        Network.load_state_dict(_reference.state_dict());
        Network.eval();
        var generation = new GenerationOptions
        {
            MaxNewTokens = dataset.MaxNewTokens,
            StopTokens = dataset.StopTokens,
            RowsPerBatch = 128,
        };
        Policy = new CausalLmPolicy(Network, dataset.Tokenizer, generation);
        IRewardModel judge = dataset.TrainReward(Settings.Seed, new Progress<double>(), CancellationToken.None).Model;
        Scorer = new Scorer(new CausalLmPolicy(_reference, dataset.Tokenizer, generation), judge);
        TrainPrompts = [.. dataset.TrainPrompts.Take(settings.TrainPrompts).Select(text => new Prompt(text))];
        HeldOutPrompts = [.. dataset.HeldOutPrompts.Take(settings.HeldOutPrompts).Select(text => new Prompt(text))];
    }

    /// <summary>The network that is trained.</summary>
    public Gpt2 Network { get; }

    public CausalLmPolicy Policy { get; }

    public Scorer Scorer { get; }

    public ImmutableArray<Prompt> TrainPrompts { get; }

    public ImmutableArray<Prompt> HeldOutPrompts { get; }

    /// <summary>This world as the worker of a silo, or as what the learner trains; the loss of vBoN is there without.</summary>
    public ClusterWorker ToWorker() => new(Scorer, Policy) { Owned = [this] };

    /// <summary>Trains the reference model and writes it where every process finds it.</summary>
    public static void MakeModel(Settings settings, CancellationToken cancellationToken)
    {
        IDataset dataset = DatasetCatalog.Create("reviews");
        using Gpt2 model = dataset
            .ObtainReference(dataset.Settings(quick: true), Settings.Seed, torch.CPU, new Progress<double>(), cancellationToken)
            .Model;
        Safetensors.Save(settings.Model, model);
    }

    public void Dispose()
    {
        _reference.Dispose();
        Network.Dispose();
    }
}
