using TorchSharp;
using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Gradients;
using VariationalBoN.Models;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;

namespace SentimentControl.Training;

/// <summary>The two ways in which this sample fine-tunes a copy of the reference. Each call is independent; calls may run in parallel.</summary>
internal static class AlignmentRun
{
    /// <summary>Pulls the policy to a target by the score function: vBoN with the exact objective, KL-constrained RL with the Gibbs objective.</summary>
    /// <param name="experiment">What all methods share.</param>
    /// <param name="bestOfN">The Best-of-N distribution that the objective may ask.</param>
    /// <param name="objective">The target distribution.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>The fine-tuned model, the caller's to dispose, in evaluation mode.</returns>
    public static async Task<Gpt2> TowardsAsync(Experiment experiment, IBoNDistribution bestOfN, IVariationalObjective objective, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var settings = experiment.Settings;
        var model = Copy(experiment);
        var policy = experiment.Policy(model);
        var scorer = new Scorer(experiment.Reference, experiment.Reward);
        using var adam = new HeldAdam(model.parameters(), beta2: 0.95);
        for (int step = 0; step < settings.Steps; step++)
        {
            var drawn = policy.Sample(Prompts(experiment, step), settings.CompletionsPerPrompt, StepSeed(experiment, step), cancellationToken); // y ~ pi_theta(.|x)  plain data
            var scored = await scorer.ScoreAsync(drawn, cancellationToken);                  // r(x,y), log pi_ref  plain data
            using var scope = torch.NewDisposeScope();                                       // tensors live below this line only
            var targets = objective.LogTargets(bestOfN, scored);                             // log g(y)            doubles
            var loss = ScoreFunction.Loss(policy.LogProb(scored), targets, scored.Groups);   // baseline per prompt
            Step(experiment, model, adam, loss, step);
            progress.Report((step + 1.0) / settings.Steps);
        }

        return model;
    }

    /// <summary>BoN-SFT: maximum likelihood of cached reference samples, drawn with the probability that they are the best of N.</summary>
    /// <inheritdoc cref="TowardsAsync"/>
    public static Gpt2 OnBestSamples(Experiment experiment, double n, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var settings = experiment.Settings;
        var model = Copy(experiment);
        var policy = experiment.Policy(model);
        using var adam = new HeldAdam(model.parameters(), beta2: 0.95);
        for (int step = 0; step < settings.Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Completion[] best = [.. Prompts(experiment, step).SelectMany(prompt => BestSamples.Draw(experiment.Table[prompt], n, settings.CompletionsPerPrompt, StepSeed(experiment, step)))];
            double[] weights = [.. Enumerable.Repeat(1.0 / settings.CompletionsPerPrompt, best.Length)];
            int[] groups = [.. Enumerable.Range(0, best.Length).Select(i => i / settings.CompletionsPerPrompt)];
            using var scope = torch.NewDisposeScope();
            var loss = WeightedLikelihood.Loss(policy.LogProb(best), weights, groups);
            Step(experiment, model, adam, loss, step);
            progress.Report((step + 1.0) / settings.Steps);
        }

        return model;
    }

    private static Gpt2 Copy(Experiment experiment)
    {
        var model = new Gpt2(experiment.ReferenceModel.Config, experiment.Seed);
        model.to(experiment.Device);
        model.load_state_dict(experiment.ReferenceModel.state_dict());
        model.eval(); // GPT-2 has no dropout here; a policy is sampled and scored in the same mode
        return model;
    }

    private static void Step(Experiment experiment, Gpt2 model, HeldAdam adam, torch.Tensor loss, int step)
    {
        var settings = experiment.Settings;
        model.zero_grad();
        loss.backward();
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.MaximumGradientNorm);
        adam.Step(LearningRate.Linear(settings.LearningRate, step, settings.Steps, settings.WarmUpSteps));
    }

    /// <summary>The prompts of a step: passes over all training prompts, each pass in an order of its own.</summary>
    private static string[] Prompts(Experiment experiment, int step)
    {
        int size = Math.Min(experiment.Settings.PromptsPerStep, experiment.TrainPrompts.Count), perPass = experiment.TrainPrompts.Count / size;
        string[] order = [.. experiment.TrainPrompts];
        new Random(unchecked((int)((experiment.Seed * 1_000_003) + (step / perPass)))).Shuffle(order);
        return order[(step % perPass * size)..((step % perPass + 1) * size)];
    }

    private static DrawSeed StepSeed(Experiment experiment, int step) => new((experiment.Seed * 1_000_003) + step);
}
