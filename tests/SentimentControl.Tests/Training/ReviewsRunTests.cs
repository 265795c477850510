using SentimentControl.Datasets;
using SentimentControl.Datasets.Reviews;
using SentimentControl.Reporting;
using SentimentControl.Training;
using TorchSharp;
using VariationalBoN;

namespace SentimentControl.Tests.Training;

/// <summary>The main job in small: its language model, its judge, and 20 steps towards the best of 8.</summary>
[Trait("Tier", "slow")]
public sealed class ReviewsRunTests
{
    [Fact]
    public async Task Twenty_steps_raise_the_reward_and_leave_the_reference()
    {
        var dataset = new ReviewDataset();
        var settings = new RunSettings
        {
            ReferenceSteps = 500,
            SamplesPerPrompt = 64,
            Steps = 20,
            TrainPrompts = 32,
            HeldOutPrompts = 16,
            EvaluationCompletions = 32,
        };
        ReferenceModel reference = dataset.ObtainReference(settings, seed: 1, torch.CPU, new Progress<double>(), CancellationToken.None);
        TrainedReward reward = dataset.TrainReward(seed: 1, new Progress<double>(), CancellationToken.None);
        using var model = reference.Model;
        var generation = new GenerationOptions { MaxNewTokens = dataset.MaxNewTokens, StopTokens = dataset.StopTokens };
        var policy = new CausalLmPolicy(model, dataset.Tokenizer, generation);
        string[] train = [.. dataset.TrainPrompts.Take(settings.TrainPrompts)],
            heldOut = [.. dataset.HeldOutPrompts.Take(settings.HeldOutPrompts)];
        ReferenceTable table = await ReferenceTable.EstimateAsync(
            new Scorer(policy, reward.Model),
            [.. train, .. heldOut],
            settings.SamplesPerPrompt,
            seed: 1
        );
        var experiment = new Experiment
        {
            Settings = settings,
            Seed = 1,
            Device = torch.CPU,
            Tokenizer = dataset.Tokenizer,
            Generation = generation,
            ReferenceModel = model,
            Reference = policy,
            Reward = reward.Model,
            Table = table,
            TrainPrompts = Prompt.FromTexts(train),
            HeldOutPrompts = Prompt.FromTexts(heldOut),
        };
        var measurement = new Measurement(experiment);
        MethodResult before = await measurement.ReferenceAsync(CancellationToken.None);

        FineTuned result = await AlignmentRun.RunAsync(
            experiment,
            table.BestOf(8),
            Recipes.ScoreFunctionOn(bestOfN => new ExactObjective(bestOfN)),
            new Progress<double>(),
            CancellationToken.None
        );
        using var tuned = result.Model;
        Assert.Null(result.Stopped);
        MethodResult after = await measurement.PolicyAsync(
            Method.VariationalBestOfN,
            tuned,
            8,
            null,
            table.BestOf(8),
            CancellationToken.None
        );

        Assert.InRange(reference.HeldOutLoss, 1.1, 1.23); // 1.187 with seed 1
        Assert.InRange(reward.HeldOutAccuracy, 0.86, 0.90); // 0.885 with seed 1
        Assert.InRange(table.Prompts.Average(prompt => Deviation(prompt.Rewards)), 2.2, 2.7);
        Assert.InRange(after.Kl.Value, 0.05, 3);
        Assert.True(
            after.WinRate.Value - before.WinRate.Value
                > 4 * Math.Sqrt(Math.Pow(after.WinRate.StandardError, 2) + Math.Pow(before.WinRate.StandardError, 2))
        );
        Assert.True(after.Reward.Value > before.Reward.Value + 1); // 2.6 above after 20 steps in the prototype
        Assert.True(after.ObjectiveGap!.Value.Value < 4.5); // from about 4.9
    }

    private static double Deviation(IReadOnlyList<double> values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
    }
}
