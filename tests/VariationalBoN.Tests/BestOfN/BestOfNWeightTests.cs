using CsCheck;
using MathNet.Numerics;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>The weights of real n against a(k) by the Gamma function, and their derivatives.</summary>
[Trait("Tier", "fast")]
public sealed class BestOfNWeightTests
{
    private static readonly Gen<double[]> s_rewards = Gen.Int[-3, 3].Select(i => i / 2.0).Array[1, 20];

    [Fact]
    public void A_level_has_the_difference_of_a_at_its_ends_evenly_for_each_real_n() =>
        Gen.Select(s_rewards, Gen.Double[1, 25]).Sample((rewards, n) => AssertWeights(rewards, n), iter: 3000);

    [Fact]
    public void A_level_has_the_difference_of_a_at_its_ends_evenly_for_each_whole_n() =>
        Gen.Select(s_rewards, Gen.Int[1, 25]).Sample((rewards, n) => AssertWeights(rewards, n), iter: 3000);

    /// <summary>The difference quotient of a(k), in which a kink at a whole n has no part.</summary>
    [Fact]
    public void Slopes_are_the_derivative_of_the_weights() =>
        Gen.Select(Gen.Int[-3, 3].Array[2, 20], Gen.Double[0.05, 0.95], Gen.Int[1, 18])
            .Sample(
                (rewards, part, whole) =>
                {
                    const double Step = 1e-5;
                    double n = Math.Min(whole, rewards.Length - 1) + part;
                    double[] sorted = [.. rewards.Select(reward => (double)reward).Order()],
                        low = Weights(sorted, n - Step),
                        high = Weights(sorted, n + Step);
                    (double[] weights, double[] slopes) = new EmpiricalRewardCdf(sorted).BestOfNWeightSlopesByRank(n);
                    AssertEqual(Weights(sorted, n), weights, 1e-12);
                    AssertEqual(high.Zip(low, (h, l) => (h - l) / (2 * Step)), slopes, 1e-7);
                },
                iter: 3000
            );

    [Fact]
    public void At_a_whole_n_slopes_are_those_from_above() =>
        Gen.Select(Gen.Int[-3, 3].Array[2, 20], Gen.Int[1, 18])
            .Sample(
                (rewards, whole) =>
                {
                    var cdf = new EmpiricalRewardCdf(rewards.Select(reward => (double)reward));
                    int n = Math.Min(whole, rewards.Length - 1);
                    AssertEqual(cdf.BestOfNWeightSlopesByRank(n + 1e-10).Slopes, cdf.BestOfNWeightSlopesByRank(n).Slopes, 1e-8);
                },
                iter: 3000
            );

    [Theory]
    [InlineData(1.0)]
    [InlineData(2.5)]
    [InlineData(7)]
    public void The_slope_of_a_weight_is_the_weight_times_one_over_n_plus_log_F(double n)
    {
        const int M = 40;
        (double[] weights, double[] slopes) = new EmpiricalRewardCdf(
            Enumerable.Range(0, M).Select(i => (double)(i * i))
        ).BestOfNWeightSlopesByRank(n);
        Assert.Equal(0, slopes.Sum(), 1e-12);
        for (int i = (int)Math.Ceiling(n) + 1; i <= M; i++) // ranks from 1
            Assert.Equal(
                weights[i - 1] * ((1 / n) + SpecialFunctions.DiGamma(i - n + 1) - SpecialFunctions.DiGamma(M - n + 1)),
                slopes[i - 1],
                1e-12
            );
    }

    [Fact]
    public void A_number_of_draws_that_is_not_finite_or_below_1_is_refused()
    {
        foreach (double n in new[] { 1 - 1e-9, double.NaN, double.PositiveInfinity })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => new EmpiricalRewardCdf([1, 2]).BestOfNWeightsByRank(n));
    }

    private static void AssertWeights(double[] rewards, double n)
    {
        double[] weights = new EmpiricalRewardCdf(rewards).BestOfNWeightsByRank(n);
        AssertEqual(Weights([.. rewards.Order()], n), weights, 1e-12);
    }

    /// <summary>(a(k_le) - a(k_lt)) / k_eq of each reward, a(k) = C(k, n) / C(M, n) by the Gamma function;
    /// for n at or above M all on the maximum.</summary>
    private static double[] Weights(double[] sorted, double n)
    {
        return [.. sorted.Select(Weight)];

        double Weight(double reward)
        {
            int below = sorted.Count(other => other < reward),
                equal = sorted.Count(other => other == reward);
            return (Share(below + equal) - Share(below)) / equal;
        }

        double Share(int k) =>
            k == sorted.Length ? 1
            : k + 1 <= n ? 0
            : Math.Exp(
                SpecialFunctions.GammaLn(k + 1)
                    - SpecialFunctions.GammaLn(k - n + 1)
                    + SpecialFunctions.GammaLn(sorted.Length - n + 1)
                    - SpecialFunctions.GammaLn(sorted.Length + 1)
            );
    }

    private static void AssertEqual(IEnumerable<double> expected, double[] actual, double tolerance)
    {
        double[] all = [.. expected];
        Assert.Equal(all.Length, actual.Length);
        for (int i = 0; i < all.Length; i++)
            Assert.Equal(all[i], actual[i], tolerance);
    }
}
