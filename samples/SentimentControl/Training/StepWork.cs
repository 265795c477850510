using TorchSharp;
using VariationalBoN;
using VariationalBoN.BestOfN;

namespace SentimentControl.Training;

/// <summary>One step of a method: draws, rewards and targets are there, as plain data;
/// tensors are made by <see cref="Loss"/> alone.</summary>
/// <param name="Loss">Makes the loss; called once for each optimizer step.</param>
internal sealed record StepWork(Func<StepLoss> Loss)
{
    /// <summary>Asked after each optimizer step whether to take another one on the same data.</summary>
    public Func<bool> Again { get; init; } = () => false;

    /// <summary>The completions of the policy itself, for the guard; null where the step trains on stored samples or distils.</summary>
    public ScoredBatch? Rollouts { get; init; }

    /// <summary>Completions that were drawn for the step, by whomever.</summary>
    public int Drawn
    {
        get => field > 0 ? field : Rollouts?.Count ?? 0;
        init;
    }
}

/// <summary>A loss [], and the log pi_theta [B] of the rollouts behind it where there are any.</summary>
internal readonly record struct StepLoss(torch.Tensor Loss, torch.Tensor? LogProb = null);

/// <summary>A method: prepares the work of a step. A recipe may remember things, so each run makes its own.</summary>
internal delegate Task<StepWork> Recipe(FineTuningState run, int step, CancellationToken cancellationToken);

/// <summary>What a recipe can see of its run. Immutable.</summary>
internal sealed class FineTuningState(
    Experiment experiment,
    VariationalBoN.Transformers.Decoders.Gpt2 model,
    EmpiricalBoNDistribution bestOfN
)
{
    private readonly VariationalBoN.Training.BatchSchedule _batches = experiment.Settings.Batches(experiment.TrainPrompts.Count);
    private readonly VariationalBoN.Training.PromptOrder _order = new(experiment.TrainPrompts, experiment.Seed);

    public Experiment Experiment => experiment;

    public VariationalBoN.Transformers.Decoders.Gpt2 Model => model;

    /// <summary>pi_theta.</summary>
    public VariationalBoN.CausalLmPolicy Policy { get; } = experiment.Policy(model);

    /// <summary>pi_bon of the N of the run.</summary>
    public EmpiricalBoNDistribution BestOfN => bestOfN;

    public Scorer Scorer { get; } = new(experiment.Reference, experiment.Reward);

    /// <summary>The prompts of a step.</summary>
    public IReadOnlyList<Prompt> Prompts(int step) => _order.From(_batches.Before(step), _batches.At(step));

    public DrawSeed Seed(int step) => new((experiment.Seed * 1_000_003) + step);
}
