using SampleHosting;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Testing.Models;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Pretrained;

namespace Serve;

/// <summary>
/// What is served when no model is given: a tiny GPT-2 of sentences about films,
/// that model aligned, and a classifier of praise. Stateless.
/// </summary>
internal static class TinyModels
{
    private const int Steps = 100,
        QuickSteps = 20,
        PromptsPerStep = 4,
        CompletionsPerPrompt = 16;
    private const double LearningRate = 1e-3;

    /// <summary>Makes what is not there yet, within seconds, and says where it is.</summary>
    /// <param name="arguments">N, and the folder.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    public static async Task<Arguments> ObtainAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        string reference = Path.Combine(arguments.Output, "reference"),
            reward = Path.Combine(arguments.Output, "reward");
        int steps = arguments.Quick ? QuickSteps : Steps;
        string policy = Path.Combine(arguments.Output, FormattableString.Invariant($"policy-n{arguments.N}-steps{steps}"));
        if (!File.Exists(Path.Combine(policy, "config.json"))) // the last that is made; it appears whole or not at all
        {
            Directory.CreateDirectory(arguments.Output);
            TinyLanguageModel.Write(reference);
            TinyClassifier.Write(reward);
            await AlignAsync(reference, reward, policy, arguments.N, steps, cancellationToken);
        }

        return arguments with
        {
            Model = policy,
            Reference = reference,
            Reward = reward,
            RewardLabel = TinyClassifier.Label,
        };
    }

    /// <summary>Pulls the model towards the best of N of itself.</summary>
    private static async Task AlignAsync(
        string reference,
        string reward,
        string policy,
        int n,
        int steps,
        CancellationToken cancellationToken
    )
    {
        var loading = new PretrainedOptions { Logger = ConsoleLog.Warnings };
        using var model = PretrainedCausalLm.Load(reference, loading);
        using var pair = model.WithReference(
            new GenerationOptions
            {
                MaxNewTokens = Arguments.TinyMaxNewTokens,
                StopTokens = model.StopTokens,
                Logger = ConsoleLog.Warnings,
            }
        );
        using var classifier = PretrainedClassifier.Load(reward, loading);
        var scorer = new Scorer(pair.Reference, classifier.TextReward(new ClassifierRewardOptions { Label = TinyClassifier.Label }));
        Prompt[] prompts = [.. TinyText.Prompts];
        using var table = await ReferenceTable.EstimateAsync(
            scorer,
            prompts,
            samplesPerPrompt: 8 * n,
            seed: 1,
            cancellationToken: cancellationToken
        );
        var objective = new ExactObjective(table.BestOf(n, logger: ConsoleLog.Warnings));
        var order = new VariationalBoN.Training.PromptOrder(prompts, seed: 1);
        using var adam = new AdamW(pair.Policy.Parameters, LearningRate);
        for (int step = 0; step < steps; step++)
        {
            var drawn = pair.Policy.Sample(order.Batch(step, PromptsPerStep), CompletionsPerPrompt, seed: step, cancellationToken);
            var scored = await scorer.ScoreAsync(drawn, cancellationToken);
            using var scope = torch.NewDisposeScope();
            var loss = ScoreFunction.Loss(pair.Policy.LogProb(scored), objective.LogTargets(scored), scored.Groups);
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }

        pair.Save(policy);
    }
}
