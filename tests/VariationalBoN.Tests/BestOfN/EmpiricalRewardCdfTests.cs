using CsCheck;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.BestOfN;

[Trait("Tier", "fast")]
public sealed class EmpiricalRewardCdfTests
{
    /// <summary>Few levels, so that most rewards are tied.</summary>
    private static readonly Gen<double[]> s_rewards = Gen.Int[-3, 3].Select(i => i / 2.0).Array[1, 12];

    [Fact]
    public void Counts_and_mid_rank_are_those_of_a_linear_scan() =>
        Gen.Select(s_rewards, Gen.Int[-4, 4].Select(i => i / 2.0))
            .Sample(
                (rewards, query) =>
                {
                    var cdf = new EmpiricalRewardCdf(rewards);
                    int below = rewards.Count(r => r < query),
                        equal = rewards.Count(r => r == query);

                    Assert.Equal((below, below + equal), cdf.Counts(query));
                    Assert.Equal((below + (equal / 2.0)) / rewards.Length, cdf.MidRank(query), 1e-15);
                    Assert.Equal(Math.Log((below + equal + 1.0) / (rewards.Length + 1)), cdf.SelfInclusive(query).AtOrBelow, 1e-13);
                    Assert.Equal(Math.Log(below / (rewards.Length + 1.0)), cdf.SelfInclusive(query).Below, 1e-13);
                },
                iter: 100_000
            );

    [Fact]
    public void In_sample_ranks_leave_the_sample_itself_out() =>
        s_rewards.Sample(
            rewards =>
            {
                // Self-inclusive among the M - 1 others is in-sample among all M.
                if (rewards.Length == 1)
                    return;
                LogCdfPair others = new EmpiricalRewardCdf(rewards[1..]).SelfInclusive(rewards[0]);
                Assert.Equal(others, new EmpiricalRewardCdf(rewards).InSample(rewards[0]));
            },
            iter: 100_000
        );

    [Fact]
    public void Weights_are_the_share_of_subsets_that_each_sample_is_best_of() =>
        Gen.Select(s_rewards, Gen.Int[1, 5])
            .Sample(
                (rewards, n) =>
                {
                    double[] sorted = [.. rewards.Order()],
                        expected = new double[sorted.Length];
                    n = Math.Min(n, sorted.Length);
                    int subsets = 0;
                    foreach (int subset in Enumerable.Range(0, 1 << sorted.Length).Where(set => int.PopCount(set) == n))
                    {
                        int[] members = [.. Enumerable.Range(0, sorted.Length).Where(i => (subset >> i & 1) == 1)];
                        int[] best = [.. members.Where(i => sorted[i] == sorted[members[^1]])];
                        foreach (int i in best)
                            expected[i] += 1.0 / best.Length;
                        subsets++;
                    }

                    double[] weights = new EmpiricalRewardCdf(rewards).BestOfNWeightsByRank(n);
                    for (int i = 0; i < weights.Length; i++)
                        Assert.Equal(expected[i] / subsets, weights[i], 1e-12);
                },
                iter: 300
            );

    [Fact]
    public void Self_inclusive_ratio_has_mean_exactly_one_over_the_pooled_samples() =>
        Gen.Select(s_rewards, Gen.Double[1, 200])
            .Sample(
                (pool, n) =>
                {
                    if (pool.Length == 1)
                        return;
                    var cdf = new EmpiricalRewardCdf(pool); // each among the others: In_sample_ranks_leave_the_sample_itself_out
                    double mean = pool.Average(reward =>
                        Math.Exp(cdf.RanksAmongOthers(reward).LogRatio(RatioEstimator.SelfInclusive, -5, n))
                    );
                    Assert.Equal(1, mean, 1e-10);
                },
                iter: 100_000
            );

    [Fact]
    public void Weights_give_the_expected_maximum_and_sum_to_1() =>
        Gen.Select(Gen.Double[-5, 5].Array[1, 15], Gen.Int[1, 15])
            .Sample(
                (rewards, n) =>
                {
                    var cdf = new EmpiricalRewardCdf(rewards);
                    n = Math.Min(n, rewards.Length);
                    double[] weights = cdf.BestOfNWeightsByRank(n),
                        sorted = cdf.SortedRewards.ToArray();
                    return weights.All(weight => weight >= 0)
                        && Math.Abs(weights.Sum() - 1) < 1e-12
                        && Math.Abs(weights.Zip(sorted, (weight, reward) => weight * reward).Sum() - ExpectedMax.Of(sorted, n)) < 1e-11;
                },
                iter: 100_000
            );

    [Fact]
    public void Inserted_rewards_are_as_good_as_given_ones() =>
        Gen.Select(s_rewards, Gen.Int[-3, 3].Select(i => i / 2.0).Array[0, 6])
            .Sample(
                (rewards, more) =>
                {
                    var cdf = new EmpiricalRewardCdf(rewards, 0.5);
                    var inserted = cdf.Insert(more);
                    var given = new EmpiricalRewardCdf(rewards.Concat(more), 0.5);
                    return inserted.SortedRewards.SequenceEqual(given.SortedRewards)
                        && inserted.SortedLevels.SequenceEqual(given.SortedLevels)
                        && inserted.TieTolerance == 0.5
                        && cdf.Count == rewards.Length;
                },
                iter: 100_000
            );

    [Fact]
    public void Bad_rewards_are_named()
    {
        Assert.Contains("M = 0", Assert.Throws<ArgumentException>(() => new EmpiricalRewardCdf([])).Message, StringComparison.Ordinal);
        Assert.Contains(
            "reward 1 of 3 is NaN",
            Assert.Throws<ArgumentException>(() => new EmpiricalRewardCdf([1, double.NaN, 2])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "reward 0 of 2 is NaN",
            Assert.Throws<ArgumentException>("rewards", () => new EmpiricalRewardCdf([double.NaN, 1])).Message,
            StringComparison.Ordinal
        );
        var cdf = new EmpiricalRewardCdf([1, 2]);
        foreach (double reward in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(reward), () => cdf.Counts(reward));
        Assert.Contains(
            "not among the 2",
            Assert.Throws<ArgumentOutOfRangeException>(() => cdf.InSample(1.5)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "reward 1 of 2 is Infinity",
            Assert
                .Throws<ArgumentException>(() => cdf.Insert(3, double.PositiveInfinity))
                .Message.Replace("∞", "Infinity", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        foreach (double n in new[] { 0.5, double.NaN, double.PositiveInfinity })
            Assert.Throws<ArgumentOutOfRangeException>(() => cdf.BestOfNWeightsByRank(n));
    }
}
