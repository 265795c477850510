using VariationalBoN.Policies;

namespace VariationalBoN.Tests.Training;

/// <summary>What training does not depend on: an increasing transform of the reward. What it does: the seed alone.</summary>
[Trait("Tier", "torch")]
public sealed class ReproducibilityTests
{
    private static readonly Prompt[] s_prompts = ["a", "b"];

    private static double Reward(Completion completion) => completion.Tokens.Select((token, t) => (token - 1) * Math.Sin(t + 1.0)).Sum();

    [Fact]
    public async Task A_strictly_increasing_transform_of_the_reward_gives_the_same_bits()
    {
        double[] ascending =
        [
            .. from i in Enumerable.Range(0, 81)
            select Reward(
                new Completion
                {
                    Prompt = "",
                    Text = "",
                    Tokens = [i / 27, i / 9 % 3, i / 3 % 3, i % 3],
                }
            ),
        ];
        Array.Sort(ascending);
        Assert.All(
            ascending.Zip(ascending.Skip(1)),
            pair => Assert.Equal(pair.First < pair.Second, Math.Exp(pair.First / 2) < Math.Exp(pair.Second / 2))
        );

        double[] plain = await TrainAsync(RewardModel.FromFunction(Reward, "test judge"), bestOfN => new ExactObjective(bestOfN), seed: 1);
        double[] transformed = await TrainAsync(
            RewardModel.FromFunction(completion => Math.Exp(Reward(completion) / 2), "test judge"),
            bestOfN => new ExactObjective(bestOfN),
            seed: 1
        );
        double[] gibbs = await TrainAsync(RewardModel.FromFunction(Reward, "test judge"), _ => new GibbsObjective(1), seed: 1);
        double[] gibbsTransformed = await TrainAsync(
            RewardModel.FromFunction(completion => Math.Exp(Reward(completion) / 2), "test judge"),
            _ => new GibbsObjective(1),
            seed: 1
        );

        Assert.Equal(plain, transformed);
        Assert.NotEqual(gibbs, gibbsTransformed); // KL-constrained RL is not invariant: the test can fail
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_bits_and_another_seed_others()
    {
        var reward = RewardModel.FromFunction(Reward, "test judge");

        double[] once = await TrainAsync(reward, bestOfN => new ExactObjective(bestOfN), seed: 1);

        Assert.Equal(once, await TrainAsync(reward, bestOfN => new ExactObjective(bestOfN), seed: 1));
        Assert.NotEqual(once, await TrainAsync(reward, bestOfN => new ExactObjective(bestOfN), seed: 2));
    }

    private static async Task<double[]> TrainAsync(IRewardModel reward, Func<IBoNDistribution, IVariationalObjective> objective, long seed)
    {
        using var policy = new TabularPolicy(s_prompts, vocabularySize: 3, length: 4);
        using var reference = policy.CloneFrozen();
        var table = await ReferenceTable.EstimateAsync(new Scorer(reference, reward), s_prompts, samplesPerPrompt: 64, seed: 5);
        await Loop.RunAsync(policy, reference, reward, objective(table.BestOf(8)), steps: 30, completions: 8, learningRate: 0.05, seed);
        return policy.LogitValues();
    }
}
