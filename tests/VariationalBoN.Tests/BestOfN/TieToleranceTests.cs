using CsCheck;
using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.References;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>Rewards that are one up to a tolerance.</summary>
[Trait("Tier", "fast")]
public sealed class TieToleranceTests : StoreFixture
{
    private const double Tolerance = 0.25;

    /// <summary>Eighths, so that neighbours are 0, 1/8, 1/4, 3/8, ... apart, exactly the tolerance included.</summary>
    private static readonly Gen<double[]> s_rewards = Gen.Int[-12, 12].Select(i => i / 8.0).Array[2, 10];

    /// <summary>The levels are the connected components of "no further apart than the
    /// tolerance" among the samples and the reward asked about.</summary>
    [Fact]
    public void Counts_are_those_of_the_connected_levels() =>
        Gen.Select(s_rewards, Gen.Int[-13, 13].Select(i => i / 8.0))
            .Sample(
                (rewards, query) =>
                {
                    double[] pool = [.. rewards.Append(query).Order()];
                    int at = Array.IndexOf(pool, query),
                        low = at,
                        high = at;
                    while (low > 0 && pool[low] - pool[low - 1] <= Tolerance)
                        low--;
                    while (high < pool.Length - 1 && pool[high + 1] - pool[high] <= Tolerance)
                        high++;
                    return new EmpiricalRewardCdf(rewards, Tolerance).Counts(query) == (low, high); // high counts the reward itself
                },
                iter: 100_000
            );

    [Fact]
    public void In_sample_ranks_are_those_among_the_others() =>
        s_rewards.Sample(
            rewards =>
                new EmpiricalRewardCdf(rewards, Tolerance).CountsAmongOthers(rewards[0])
                == new EmpiricalRewardCdf(rewards[1..], Tolerance).Counts(rewards[0]),
            iter: 100_000
        );

    /// <summary>Ranks are consistent: over the pooled samples the self-inclusive ratio has mean exactly 1,
    /// as without a tolerance.</summary>
    [Fact]
    public void The_mean_ratio_over_the_pool_is_one() =>
        Gen.Select(s_rewards, Gen.Double[1, 50])
            .Sample(
                (pool, n) =>
                {
                    var cdf = new EmpiricalRewardCdf(pool, Tolerance);
                    return Math.Abs(
                            pool.Average(reward => Math.Exp(cdf.RanksAmongOthers(reward).LogRatio(RatioEstimator.SelfInclusive, -5, n))) - 1
                        ) < 1e-10;
                },
                iter: 100_000
            );

    /// <summary>Scores of few true values, moved by up to 1e-4 as batches move them:
    /// with a tolerance of 1e-3 all is as with the true values.</summary>
    [Fact]
    public void Noise_below_the_tolerance_changes_nothing() =>
        Gen.Select(Gen.Int[0, 3].Array[2, 12], Gen.Double[-1e-4, 1e-4].Array[12], Gen.Int[0, 3], Gen.Double[-1e-4, 1e-4])
            .Sample(
                (values, noise, query, queryNoise) =>
                {
                    var exact = new EmpiricalRewardCdf(values.Select(value => (double)value));
                    var noisy = new EmpiricalRewardCdf(values.Zip(noise, (value, e) => value + e), 1e-3);
                    return exact.Counts(query) == noisy.Counts(query + queryNoise)
                        && exact.BestOfNWeightsByRank(2.5).SequenceEqual(noisy.BestOfNWeightsByRank(2.5));
                },
                iter: 100_000
            );

    [Fact]
    public void A_table_and_its_report_follow_the_tolerance()
    {
        double[] noisy = [0, 1, 1.0001, 0.9999, 0, 1, 0.0001, 1];
        var table = new ReferenceTable(
            Enumerable.Range(0, 3).Select(p => new ReferencePrompt($"{p}", noisy, noisy.Select(r => r < 0.5 ? "no" : "yes")))
        );
        var tied = table.WithTieTolerance(0.001);

        Assert.Equal(7 / 8.0, table["0"].Cdf.MidRank(1.00005));
        Assert.Equal((3 + 2.5) / 8, tied["0"].Cdf.MidRank(1.00005));
        Assert.Equal(tied["0"].Cdf.SelfInclusive(1), tied.BestOf(2).LogCdf("0", 1.0002));
        ReferenceReport before = ReferenceReport.FromTable(table),
            after = ReferenceReport.FromTable(tied);
        Assert.Equal((6, 0), (before.InconsistentTexts, after.InconsistentTexts));
        Assert.Equal(2, after.DistinctRewards.Value);
        Assert.Equal(((3 * 2) + (5 * 4)) / 56.0, after.TieShare.Value, 1e-12);
        Assert.Contains("tie share, up to 0.001 apart", after.ToString());
        Assert.Equal(table["0"].Responses, tied["0"].Responses);
    }

    [Fact]
    public void A_table_of_a_folder_keeps_few_distributions_and_shares_its_files()
    {
        using (var store = Open(Store))
            store.Append([.. Enumerable.Range(0, 1100).Select(p => Samples($"p{p}", 0, 4))]);
        using var table = ReferenceTable.Load(Store);
        using var tied = table.WithTieTolerance(0.5);
        EmpiricalRewardCdf first = tied["p0"].Cdf;
        Assert.Same(first, tied["p0"].Cdf);
        Assert.Equal((0.5, 0.0), (first.TieTolerance, table["p0"].Cdf.TieTolerance));
        for (int p = 1; p < 1100; p++)
            Assert.Equal(4, tied[$"p{p}"].Cdf.Count);
        Assert.NotSame(first, tied["p0"].Cdf);
        Assert.Same(tied["p0"].Cdf, tied.WithTieTolerance(0.5)["p0"].Cdf);
        Assert.Same(table["p0"].Cdf, tied.WithTieTolerance(0)["p0"].Cdf);
        tied.Dispose();
        Assert.Throws<ObjectDisposedException>(() => table["p700"]);
    }

    [Fact]
    public void A_tolerance_out_of_range_is_refused()
    {
        foreach (double tolerance in (double[])[-1e-9, double.NaN, double.PositiveInfinity])
            Assert.Equal(
                "tieTolerance",
                Assert.Throws<ArgumentOutOfRangeException>(() => new EmpiricalRewardCdf([1, 2], tolerance)).ParamName
            );
    }
}
