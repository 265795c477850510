using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Win rates of and against the best of n, against sums over all subsets.</summary>
[Trait("Tier", "fast")]
public sealed class UnbiasedWinRateTests
{
    private static readonly Gen<double[]> s_rewards = Gen.Int[0, 4]
        .Select(level => (double)level)
        .Array[2, 8]
        .Select(rewards => (double[])[.. rewards.Order()]);

    [Fact]
    public void Best_of_n_is_the_mean_over_all_subsets_and_opponents() =>
        s_rewards.Sample(
            rewards =>
                Enumerable
                    .Range(1, rewards.Length - 1)
                    .All(n =>
                    {
                        double wins = 0;
                        int contests = 0;
                        for (int opponent = 0; opponent < rewards.Length; opponent++)
                        {
                            double[] others = [.. rewards.Where((_, i) => i != opponent)];
                            foreach (double best in Maxima(others, n))
                            {
                                wins += Win(best, rewards[opponent]);
                                contests++;
                            }
                        }

                        return Math.Abs(UnbiasedWinRate.OfBestOfN(rewards, n) - (wins / contests)) < 1e-12;
                    }),
            iter: 2000
        );

    [Fact]
    public void A_completion_meets_all_subsets() =>
        Gen.Select(s_rewards, Gen.Int[-1, 5])
            .Sample(
                (rewards, reward) =>
                    Enumerable
                        .Range(1, rewards.Length)
                        .All(n =>
                        {
                            double[] maxima = [.. Maxima(rewards, n)];
                            double expected = maxima.Average(best => Win(reward, best));
                            int below = rewards.Count(r => r < reward),
                                atOrBelow = rewards.Count(r => r <= reward);
                            return Math.Abs(UnbiasedWinRate.AgainstBestOfN(below, atOrBelow, rewards.Length, n) - expected) < 1e-12;
                        }),
                iter: 2000
            );

    [Fact]
    public void Without_ties_only_n_counts() =>
        Assert.All(
            Enumerable.Range(1, 999),
            n =>
                Assert.Equal(
                    BestOfNMath.WinRate(n),
                    UnbiasedWinRate.OfBestOfN([.. Enumerable.Range(0, 1000).Select(i => i * 0.1)], n),
                    1e-11
                )
        );

    /// <summary>Binary rewards of success probability 0.3, M = 40, 4,000 tables:
    /// the mean is the enumerated truth within 4 standard errors.</summary>
    [Fact]
    public void Mean_over_tables_is_the_win_rate_of_the_distribution()
    {
        const double Success = 0.3;
        var estimate = Estimate.FromObservations(
            Enumerable
                .Range(0, 4000)
                .Select(table =>
                {
                    var random = new CounterRandom(1, "binary", table);
                    return UnbiasedWinRate.OfBestOfN(
                        [.. Enumerable.Range(0, 40).Select(i => random.Uniform(i) < Success ? 1.0 : 0).Order()],
                        4
                    );
                })
        );

        Assert.InRange(
            estimate.Value - BestOfNMath.WinRate([1 - Success, Success], 4),
            -4 * estimate.StandardError,
            4 * estimate.StandardError
        );
        Assert.InRange(estimate.StandardError, 0, 0.001);
    }

    [Fact]
    public void What_M_does_not_allow_is_refused()
    {
        Assert.Contains("1 to 2", Assert.Throws<ArgumentOutOfRangeException>(() => UnbiasedWinRate.OfBestOfN([1, 2, 3], 3)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => UnbiasedWinRate.OfBestOfN([1], 1));
        Assert.Contains("Reward 1 is NaN", Assert.Throws<ArgumentException>(() => UnbiasedWinRate.OfBestOfN([1, double.NaN], 1)).Message);
        Assert.Throws<ArgumentException>(() => UnbiasedWinRate.OfBestOfN([2, 1], 1));
        Assert.Contains("1 to 5", Assert.Throws<ArgumentOutOfRangeException>(() => UnbiasedWinRate.AgainstBestOfN(1, 2, 5, 6)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => UnbiasedWinRate.AgainstBestOfN(3, 2, 5, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => UnbiasedWinRate.AgainstBestOfN(1, 6, 5, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => UnbiasedWinRate.AgainstBestOfN(0, 0, 0, 1));
    }

    private static double Win(double reward, double other) =>
        reward > other ? 1
        : reward == other ? 0.5
        : 0;

    /// <summary>The maximum of each subset of size n.</summary>
    private static IEnumerable<double> Maxima(double[] rewards, int n) =>
        Enumerable
            .Range(0, 1 << rewards.Length)
            .Where(set => int.PopCount(set) == n)
            .Select(set => rewards.Where((_, i) => (set & (1 << i)) != 0).Max());
}
