using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;
using VariationalBoN.Testing.Worlds;

namespace VariationalBoN.Tests.Evaluation;

/// <summary>
/// The mean of each estimator over all tables of M = 6 samples that a world can give, each with its probability (multinomial), is the
/// enumerated truth: no simulation, so no error but rounding.
/// </summary>
[Trait("Tier", "fast")]
public sealed class EnumeratedMeanTests
{
    private const int M = 6;
    private static readonly double[] s_probabilities = [0.35, 0.1, 0.25, 0.2, 0.1],
        s_rewards = [2, -1, 0.5, 0.5, 3];

    /// <summary>Levels of reward ascending, with their probabilities.</summary>
    private static readonly (double Reward, double Mass)[] s_levels =
    [
        .. s_rewards
            .Zip(s_probabilities)
            .GroupBy(atom => atom.First)
            .OrderBy(level => level.Key)
            .Select(level => (level.Key, level.Sum(atom => atom.Second))),
    ];

    private static readonly (EmpiricalRewardCdf Cdf, double Probability)[] s_tables = [.. Tables()];

    public static TheoryData<int> Counts => [.. Enumerable.Range(1, M)];

    [Fact]
    public void Tables_are_all_there_are() => Assert.Equal(1, s_tables.Sum(table => table.Probability), 1e-12);

    [Theory]
    [MemberData(nameof(Counts))]
    public void Expected_reward_of_best_of_n(int n)
    {
        var world = EnumerableWorld.OfAtoms(s_probabilities, s_rewards, n);
        double truth = world.ExpectedReward(world.LogBestOfN);

        Assert.Equal(truth, Mean(cdf => ExpectedMax.Of(cdf.SortedRewards, n)), 1e-12);
        Assert.Equal(truth, Mean(cdf => ExpectedMax.Curve(cdf.SortedRewards)[n - 1]), 1e-12);
        Assert.Equal(
            truth,
            Mean(cdf => cdf.BestOfNWeightsByRank(n).Zip(cdf.SortedRewards.ToArray(), (weight, reward) => weight * reward).Sum()),
            1e-12
        );
        Assert.Equal(
            truth,
            Mean(cdf => BestOfNCurve.FromPrompts([cdf], M, new BootstrapOptions { Resamples = 100 })[n].Reward.Value),
            1e-12
        );
    }

    [Theory]
    [MemberData(nameof(Counts))]
    public void Win_rates_of_and_against_best_of_n(int n)
    {
        var world = EnumerableWorld.OfAtoms(s_probabilities, s_rewards, n);
        if (n < M)
            Assert.Equal(world.WinRate(world.LogBestOfN), Mean(cdf => UnbiasedWinRate.OfBestOfN(cdf.SortedRewards, n)), 1e-12);
        foreach ((double reward, double below, double atOrBelow) in Sides())
        {
            Assert.Equal(
                (Math.Pow(below, n) + Math.Pow(atOrBelow, n)) / 2,
                Mean(cdf => cdf.Counts(reward) is var (k, m) ? UnbiasedWinRate.AgainstBestOfN(k, m, M, n) : 0),
                1e-12
            );
            Assert.Equal((below + atOrBelow) / 2, Mean(cdf => cdf.MidRank(reward)), 1e-12);
        }
    }

    /// <summary>A new completion of the reference has the self-inclusive ratio 1 on average, whatever N;
    /// so has a sample among the others.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2.5)]
    [InlineData(40)]
    public void The_self_inclusive_ratio_has_mean_1(double n)
    {
        double Ratio(EmpiricalRewardCdf cdf, double reward, bool isSample)
        {
            var distribution = new EmpiricalBoNDistribution(new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = cdf }, n);
            return Math.Exp(
                (isSample ? distribution.LeaveOneOut() : distribution).LogRatio(
                    new ScoredCompletion(new Completion { Prompt = "x", Text = "" }, reward, -1)
                )
            );
        }

        Assert.Equal(1, Mean(cdf => s_levels.Sum(level => level.Mass * Ratio(cdf, level.Reward, isSample: false))), 1e-11);
        Assert.Equal(1, Mean(cdf => cdf.SortedRewards.ToArray().Average(reward => Ratio(cdf, reward, isSample: true))), 1e-11);
    }

    /// <summary>log F_lt and log F_le by harmonic numbers: the Taylor polynomial of degree M, where F is not 0.</summary>
    [Fact]
    public void The_harmonic_estimate_of_both_sides()
    {
        static double Taylor(double f) => -Enumerable.Range(1, M).Sum(j => Math.Pow(1 - f, j) / j);
        var harmonic = s_tables
            .Select(table =>
                (
                    Distribution: new EmpiricalBoNDistribution(
                        new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = table.Cdf },
                        2,
                        RatioEstimator.Harmonic
                    ),
                    table.Probability
                )
            )
            .ToArray();
        foreach ((double reward, double below, double atOrBelow) in Sides())
        {
            Assert.Equal(Taylor(below), harmonic.Sum(table => table.Probability * table.Distribution.LogCdf("x", reward).Below), 1e-12);
            Assert.Equal(
                Taylor(atOrBelow),
                harmonic.Sum(table => table.Probability * table.Distribution.LogCdf("x", reward).AtOrBelow),
                1e-12
            );
        }
    }

    /// <summary>The bands hold the true F of every reward in at least 95 % of all tables.</summary>
    [Fact]
    public void Bands_of_F_cover()
    {
        foreach ((double reward, double below, double atOrBelow) in Sides())
        {
            Assert.InRange(Mean(cdf => cdf.BandBelow(reward).Contains(below) ? 1 : 0), 0.95, 1 + 1e-12);
            Assert.InRange(Mean(cdf => cdf.BandAtOrBelow(reward).Contains(Math.Min(1, atOrBelow)) ? 1 : 0), 0.95, 1 + 1e-12);
            Assert.InRange(Mean(cdf => cdf.LogBandBelow(reward, 0.8).Contains(Math.Log(below)) ? 1 : 0), 0.8, 1 + 1e-12);
        }

        var cdf = new EmpiricalRewardCdf([1, 2, 3]);
        Assert.Equal((0, double.NegativeInfinity), (cdf.BandBelow(1).Lower, cdf.LogBandBelow(1).Lower));
        Assert.Equal((1, 0), (cdf.BandAtOrBelow(3).Upper, cdf.LogBandAtOrBelow(3).Upper));
    }

    private static IEnumerable<(double Reward, double Below, double AtOrBelow)> Sides()
    {
        double below = 0;
        foreach ((double reward, double mass) in s_levels)
        {
            yield return (reward, below, below + mass);
            below += mass;
        }
    }

    private static double Mean(Func<EmpiricalRewardCdf, double> estimator) =>
        s_tables.Sum(table => table.Probability * estimator(table.Cdf));

    private static IEnumerable<(EmpiricalRewardCdf Cdf, double Probability)> Tables()
    {
        for (int a = 0; a <= M; a++)
        {
            for (int b = 0; a + b <= M; b++)
            {
                for (int c = 0; a + b + c <= M; c++)
                {
                    int[] counts = [a, b, c, M - a - b - c];
                    double probability = MathNet.Numerics.SpecialFunctions.Factorial(M);
                    for (int level = 0; level < 4; level++)
                        probability *=
                            Math.Pow(s_levels[level].Mass, counts[level]) / MathNet.Numerics.SpecialFunctions.Factorial(counts[level]);
                    yield return (
                        new EmpiricalRewardCdf(counts.SelectMany((count, level) => Enumerable.Repeat(s_levels[level].Reward, count))),
                        probability
                    );
                }
            }
        }
    }
}
