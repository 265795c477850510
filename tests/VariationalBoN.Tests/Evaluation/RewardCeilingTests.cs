using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;
using VariationalBoN.References;

namespace VariationalBoN.Tests.Evaluation;

/// <summary>The ceiling of reward against closed forms, and where it stops.</summary>
[Trait("Tier", "fast")]
public sealed class RewardCeilingTests
{
    [Fact]
    public void Normal_rewards_gain_the_root_of_twice_the_KL()
    {
        // Rewards at the quantiles of N(0, 1): the tilt by 1 / beta is N(1 / beta, 1), its KL 1 / (2 beta^2).
        const int M = 4001;
        double[] rewards = [.. Enumerable.Range(0, M).Select(i => MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, (i + 0.5) / M))];
        var points = RewardCeiling.Of(Table(rewards), ["a"]);

        Assert.True(points[^1].Kl > 1);
        foreach (var point in points.Where(point => point.Kl < 0.8))
            Assert.Equal(Math.Sqrt(2 * point.Kl), point.Reward.Value, 0.01);
    }

    [Fact]
    public void Gain_is_beta_times_both_divergences_and_the_curve_rises()
    {
        double[] rewards = [.. Enumerable.Range(0, 400).Select(i => Math.Sin(i * 1.3) * i / 90)];
        var points = RewardCeiling.Of(Table(rewards), ["a"]);
        double mean = rewards.Average();
        for (int i = 0; i < points.Length; i++)
        {
            double[] logWeights = [.. rewards.Select(reward => reward / points[i].Beta)];
            double normaliser = LogMath.LogSumExp(logWeights) - Math.Log(rewards.Length);
            double backward = -logWeights.Average(w => w - normaliser);
            Assert.Equal(points[i].Beta * (points[i].Kl + backward), points[i].Reward.Value - mean, 1e-7);
            Assert.True(i == 0 || (points[i].Kl > points[i - 1].Kl && points[i].Reward.Value > points[i - 1].Reward.Value));
            Assert.True(points[i].EffectiveSamples >= RewardCeiling.MinEffectiveSamples);
        }
    }

    [Fact]
    public void It_ends_where_few_samples_carry_the_weight()
    {
        Assert.Empty(RewardCeiling.Of(Table([.. Enumerable.Range(0, 29).Select(i => (double)i)]), ["a"]));
        Assert.Empty(RewardCeiling.Of(Table([.. Enumerable.Repeat(1.0, 100)]), ["a"])); // nothing to gain
        var short_ = RewardCeiling.Of(Table([.. Enumerable.Range(0, 40).Select(i => (double)i)]), ["a"]);
        var long_ = RewardCeiling.Of(Table([.. Enumerable.Range(0, 400).Select(i => (double)i)]), ["a"]);
        Assert.True(short_[^1].Kl < 0.2 && long_[^1].Kl > 1);
    }

    [Fact]
    public void No_prompt_and_an_unknown_prompt_are_refused()
    {
        Assert.Throws<ArgumentException>(() => RewardCeiling.Of(Table([1, 2]), []));
        Assert.Throws<KeyNotFoundException>(() => RewardCeiling.Of(Table([1, 2]), ["b"]));
    }

    private static ReferenceTable Table(double[] rewards) =>
        new([
            new ReferencePrompt(
                "a",
                rewards.Select((reward, i) => new ScoredCompletion(new Completion { Prompt = "a", Text = $"{i}" }, reward, -1))
            ),
        ]);
}
