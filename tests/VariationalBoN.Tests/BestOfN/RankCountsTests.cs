using CsCheck;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>The estimates from counts against their formulas in plain loops and powers.</summary>
[Trait("Tier", "fast")]
public sealed class RankCountsTests
{
    private static readonly Gen<(int Below, int AtOrBelow, int Samples)> s_counts = Gen.Int[1, 40]
        .SelectMany(m => Gen.Int[0, m].SelectMany(le => Gen.Int[0, le].Select(lt => (lt, le, m))));

    [Fact]
    public void Logarithms_of_F_are_those_of_each_estimator() =>
        s_counts.Sample(
            counts =>
            {
                (int below, int atOrBelow, int samples) = counts;
                var ranks = new RankCounts(below, atOrBelow, samples);
                double single = Math.Log((below + 1.0) / (samples + 1));
                AssertEqual(
                    Math.Log(below / (samples + 1.0)),
                    Math.Log((atOrBelow + 1.0) / (samples + 1)),
                    ranks.LogCdf(RatioEstimator.SelfInclusive)
                );
                AssertEqual(single, single, ranks.LogCdf(RatioEstimator.SingleAtom));
                AssertEqual(Harmonic(below, samples), Harmonic(atOrBelow, samples), ranks.LogCdf(RatioEstimator.Harmonic));
            },
            iter: 3000
        );

    [Fact]
    public void The_self_inclusive_ratio_is_that_of_powers_of_F() =>
        Gen.Select(s_counts, Gen.Double[1, 12])
            .Sample(
                (counts, n) =>
                {
                    (int below, int atOrBelow, int samples) = counts;
                    double strict = below / (samples + 1.0),
                        weak = (atOrBelow + 1.0) / (samples + 1);
                    AssertRatio(Level(strict, weak, n), RatioEstimator.SelfInclusive, counts, n);
                },
                iter: 3000
            );

    [Fact]
    public void The_harmonic_ratio_is_that_of_powers_of_F_and_its_limit_without_ties() =>
        Gen.Select(s_counts, Gen.Double[1, 12])
            .Sample(
                (counts, n) =>
                {
                    (int below, int atOrBelow, int samples) = counts;
                    double strict = Math.Exp(Harmonic(below, samples)),
                        weak = Math.Exp(Harmonic(atOrBelow, samples));
                    double expected = below == atOrBelow ? Math.Log(n) + ((n - 1) * Harmonic(below, samples)) : Level(strict, weak, n);
                    AssertRatio(expected, RatioEstimator.Harmonic, counts, n);
                },
                iter: 3000
            );

    [Fact]
    public void The_ratio_of_a_single_atom_leaves_it_room() =>
        Gen.Select(s_counts, Gen.Double[1, 12], Gen.Double[-6, 0])
            .Sample(
                (counts, n, logReference) =>
                {
                    double p = Math.Exp(logReference),
                        strict = Math.Min((counts.Below + 1.0) / (counts.Samples + 1), 1 - p);
                    AssertRatio(Level(strict, strict + p, n), RatioEstimator.SingleAtom, counts, n, logReference);
                },
                iter: 3000
            );

    [Fact]
    public void A_certain_completion_is_the_best_of_any_number_also_when_it_is_certain_up_to_rounding()
    {
        foreach (double logReference in new[] { 0, 1e-15, 1e-12 })
            Assert.Equal(0, new RankCounts(3, 3, 7).LogRatio(RatioEstimator.SingleAtom, logReference, 4));
        foreach (double logReference in new[] { 1e-6, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(
                nameof(logReference),
                () => new RankCounts(3, 3, 7).LogRatio(RatioEstimator.SingleAtom, logReference, 4)
            );
    }

    [Fact]
    public void Estimates_of_a_reward_are_those_of_its_counts() =>
        Gen.Select(Gen.Int[-3, 3].Select(i => i / 2.0).Array[1, 12], Gen.Int[-4, 4].Select(i => i / 2.0))
            .Sample(
                (rewards, query) =>
                {
                    var cdf = new EmpiricalRewardCdf(rewards);
                    int below = rewards.Count(reward => reward < query);
                    Assert.Equal(Math.Log((below + 1.0) / (rewards.Length + 1)), cdf.LogLaplace(query), 1e-13);
                    Assert.Equal(Harmonic(below, rewards.Length), cdf.LogHarmonic(query), 1e-13);
                },
                iter: 3000
            );

    private static void AssertRatio(
        double expected,
        RatioEstimator estimator,
        (int Below, int AtOrBelow, int Samples) counts,
        double n,
        double logReference = -5
    ) =>
        Assert.Equal(
            expected,
            new RankCounts(counts.Below, counts.AtOrBelow, counts.Samples).LogRatio(estimator, logReference, n),
            1e-9 * (1 + Math.Abs(expected))
        );

    private static void AssertEqual(double below, double atOrBelow, LogCdfPair actual)
    {
        Assert.Equal(below, actual.Below, 1e-13);
        Assert.Equal(atOrBelow, actual.AtOrBelow, 1e-13);
    }

    /// <summary>log((b^n - a^n) / (b - a)).</summary>
    private static double Level(double a, double b, double n) => Math.Log((Math.Pow(b, n) - Math.Pow(a, n)) / (b - a));

    /// <summary>H_k - H_m.</summary>
    private static double Harmonic(int k, int m)
    {
        double sum = 0;
        for (int j = k + 1; j <= m; j++)
            sum -= 1.0 / j;
        return sum;
    }
}
