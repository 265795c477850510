using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Gradients;
using VariationalBoN.Models;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;
using VariationalBoN.Worlds;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "torch")]
[Collection("Optimizers")]
public sealed class MovingAnchorTests
{
    [Fact]
    public async Task Two_rounds_of_best_of_2_reach_best_of_4()
    {
        var world = EnumerableWorld.OfAtoms([.4, .3, .15, .1, .05], [0, 1, 2, 3, 4], n: 4);
        using TabularPolicy policy = world.Reference();
        TabularPolicy anchor = policy.CloneFrozen();
        for (int round = 0; round < 2; round++)
        {
            var target = new MovingAnchor(anchor, world.RewardModel(), samplesPerPrompt: 256);
            using var adam = torch.optim.Adam(policy.Parameters, lr: 0.05);
            for (int step = 0; step < 500; step++)
            {
                adam.ParamGroups.First().LearningRate = 0.05 * (1 - (step / 500.0));
                var bestOfTwo = await target.RefreshAsync(policy.Prompts, n: 2, seed: (round * 1000) + step);
                var scored = await target.Scorer.ScoreAsync(policy.Sample(policy.Prompts, 64, (round * 1000) + step));
                using var scope = torch.NewDisposeScope();
                var loss = ScoreFunction.Loss(policy.LogProb(scored), new ExactObjective().LogTargets(bestOfTwo, scored), scored.Groups);
                adam.zero_grad();
                loss.backward();
                adam.step();
            }

            anchor.Dispose();
            anchor = policy.CloneFrozen();
        }

        anchor.Dispose();
        double[] learned = world.LogProbabilities(policy.LogitValues());
        Assert.InRange(EnumerableWorld.Kl(learned, world.LogBestOfN), 0, 0.006);
        Assert.InRange(EnumerableWorld.Kl(learned, EnumerableWorld.OfAtoms([.4, .3, .15, .1, .05], [0, 1, 2, 3, 4], n: 2).LogBestOfN), 0.05, 1); // and it is not Best-of-2
    }

    [Fact]
    public async Task Bad_input_is_named_and_failures_are_counted_out()
    {
        using var policy = new TabularPolicy(["x"], 3, 1);
        var reward = RewardModel.FromFunction(completion => completion.Tokens[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new MovingAnchor(policy, reward, 0));
        var target = new MovingAnchor(policy, reward, 8);
        await Assert.ThrowsAsync<ArgumentException>(() => target.RefreshAsync([], 2, 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => target.RefreshAsync(["x"], 0.5, 0));

        var failing = new MovingAnchor(policy, RewardModel.FromFunction(completion => completion.Tokens[0] == 0 ? double.NaN : 1), 16, new ScoringOptions { OnFailure = RewardFailure.Exclude });
        var distribution = await failing.RefreshAsync(["x", "x"], 2, seed: 1);
        Assert.InRange(distribution.Cdf("x").Count, 1, 15);
    }

    [Fact]
    public void A_module_moves_towards_another_by_the_rate()
    {
        var config = new Gpt2Config { VocabularySize = 5, MaximumLength = 4, Width = 4, Layers = 1, Heads = 1, Activation = "relu" };
        using var model = new Gpt2(config, seed: 1);
        using var anchor = new Gpt2(config, seed: 2);
        using var other = new Gpt2(config with { Layers = 2 }, seed: 2);
        float[] from = Values(anchor), to = Values(model);

        anchor.MoveTowards(model, 0.25);
        Assert.All(Values(anchor).Zip(from.Zip(to)), v => Assert.Equal((0.75 * v.Second.First) + (0.25 * v.Second.Second), v.First, 1e-6));
        anchor.MoveTowards(model, 1);
        Assert.Equal(to, Values(anchor));
        Assert.Equal(to, Values(model));

        Assert.Throws<ArgumentOutOfRangeException>(() => anchor.MoveTowards(model, double.NaN));
        Assert.Contains("h.1.", Assert.Throws<ArgumentException>(() => anchor.MoveTowards(other, 0.5)).Message, StringComparison.Ordinal);

        static float[] Values(Gpt2 model)
        {
            using var scope = torch.NewDisposeScope();
            return [.. model.state_dict().OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value.detach().contiguous().data<float>().ToArray())];
        }
    }
}
