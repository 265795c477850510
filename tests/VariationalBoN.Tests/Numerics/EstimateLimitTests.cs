using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Estimates and intervals: the last argument that each takes, the first that it refuses, and digits near the ends.</summary>
[Trait("Tier", "fast")]
public sealed class EstimateLimitTests
{
    private static readonly double[] s_three = [1, 2, 4];

    [Fact]
    public void An_expected_maximum_is_of_1_to_M_rewards_that_ascend()
    {
        Assert.Equal((7 / 3.0, 4), (ExpectedMax.Of(s_three, 1), ExpectedMax.Of(s_three, 3)));
        Assert.Equal([7 / 3.0, 10 / 3.0, 4], ExpectedMax.Curve(s_three), (a, b) => Math.Abs(a - b) < 1e-15);
        Assert.Single(ExpectedMax.Curve(s_three, 1));
        Assert.Equal(3, ExpectedMax.Curve(s_three, 3).Length);
        Assert.Equal([2.0, 2], ExpectedMax.Curve([2, 2]));
        foreach (int n in new[] { 0, 4 })
        {
            Assert.Throws<ArgumentOutOfRangeException>("n", () => ExpectedMax.Of(s_three, n));
            Assert.Throws<ArgumentOutOfRangeException>("maxN", () => ExpectedMax.Curve(s_three, n));
        }

        Unsorted("", []);
        Unsorted("Reward 0 ", [double.NaN]);
        Unsorted("Reward 1 ", [1, double.PositiveInfinity]);
        Unsorted("Reward 2 ", [1, 2, 1.5]);
    }

    [Fact]
    public void Intervals_have_counts_of_0_to_the_trials_and_a_confidence_between_0_and_1()
    {
        Assert.Equal(
            (0, 0.975),
            (WilsonInterval.Of(0, 1).Lower, ClopperPearsonInterval.Of(0, 1).Upper),
            (a, b) => Near(a.Item1, b.Item1) && Near(a.Item2, b.Item2)
        );
        Assert.Equal(1, WilsonInterval.Of(1, 1).Upper);
        Assert.True(WilsonInterval.Of(double.Epsilon, 1).Lower >= 0 && WilsonInterval.Of(Math.BitDecrement(1), 1).Upper <= 1);
        Assert.Equal(WilsonInterval.Of(3, 9, 0.95), WilsonInterval.Of(3, 9));
        Assert.Equal(ClopperPearsonInterval.Of(3, 9, 0.95), ClopperPearsonInterval.Of(3, 9));
        foreach (int trials in new[] { 0, -1 })
        {
            Assert.Throws<ArgumentOutOfRangeException>(nameof(trials), () => WilsonInterval.Of(0, trials));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(trials), () => ClopperPearsonInterval.Of(0, trials));
        }

        foreach (double successes in new[] { -1e-9, 3 + 1e-9, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(successes), () => WilsonInterval.Of(successes, 3));
        foreach (int successes in new[] { -1, 4 })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(successes), () => ClopperPearsonInterval.Of(successes, 3));
        foreach (double confidence in new[] { 0, 1, -0.5, 1.5, double.NaN })
        {
            Assert.Throws<ArgumentOutOfRangeException>(nameof(confidence), () => WilsonInterval.Of(1, 3, confidence));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(confidence), () => ClopperPearsonInterval.Of(1, 3, confidence));
        }
    }

    /// <summary>The tail is also 1 - sqrt(2 pi) / t sum_k e^(-(2k - 1)^2 pi^2 / (8 t^2)), the other form of the theta function.</summary>
    [Fact]
    public void The_tail_of_Kolmogorov_is_that_of_its_other_series() =>
        Gen.Select(Gen.Double[0.3001, 3], Gen.Double[4, 1000])
            .Sample(
                (t, n) =>
                {
                    double sum = 0;
                    for (int k = 1; k <= 30; k++)
                        sum += Math.Exp(-Math.Pow((2 * k - 1) * Math.PI / t, 2) / 8);
                    double expected = 1 - (Math.Sqrt(2 * Math.PI) / t * sum),
                        distance = t / (Math.Sqrt(n) + 0.12 + (0.11 / Math.Sqrt(n)));
                    Assert.Equal(expected, KolmogorovDistribution.UpperTail(distance, n), 1e-12);
                },
                iter: 2000
            );

    [Fact]
    public void A_tail_is_a_probability()
    {
        Assert.Equal((1, 1, 0), (Tail(0), Tail(0.29999), Tail(30)));
        Assert.InRange(Tail(0.30001), 0.9999, Math.BitDecrement(1));

        static double Tail(double t) => KolmogorovDistribution.UpperTail(t / 2.175, 4); // 2 + 0.12 + 0.055
    }

    [Fact]
    public void K3_has_its_digits_on_both_sides_of_its_series() =>
        Gen.Select(Gen.Double[-6, 1.5], Gen.Bool)
            .Sample(
                (exponent, negative) =>
                {
                    double d = (negative ? -1 : 1) * Math.Pow(10, exponent);
                    decimal exact = ExactReals.Of(d);
                    double expected = (double)(ExactReals.Expm1(-exact) + exact);
                    Assert.Equal(expected, KlTerm.K3(d), expected * (Math.Abs(d) < 1e-4 ? 1e-12 : 1e-15 * (4 + (4 / Math.Abs(d)))));
                },
                iter: 2000
            );

    [Fact]
    public void K3_holds_its_exponent_at_700()
    {
        Assert.Equal(1, KlTerm.K3(-699.5) / Math.Exp(699.5), 1e-12);
        Assert.Equal(1, KlTerm.K3(-700.5) / Math.Exp(700), 1e-12);
        Assert.Equal((12.5, 12.5, -5), (KlTerm.K2(5), KlTerm.K2(-5), KlTerm.K1(-5)));
    }

    [Fact]
    public void A_win_against_the_best_is_of_counts_that_ascend_to_M()
    {
        Assert.Equal((0, 1), (UnbiasedWinRate.AgainstBestOfN(0, 0, 3, 1), UnbiasedWinRate.AgainstBestOfN(3, 3, 3, 3)));
        Assert.Throws<ArgumentOutOfRangeException>("samples", () => UnbiasedWinRate.AgainstBestOfN(0, 0, 0, 1));
        foreach (int atOrBelow in new[] { -1, 4 })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(atOrBelow), () => UnbiasedWinRate.AgainstBestOfN(0, atOrBelow, 3, 1));
        foreach (int below in new[] { -1, 3 })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(below), () => UnbiasedWinRate.AgainstBestOfN(below, 2, 3, 1));
        foreach (int n in new[] { 0, 4 })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => UnbiasedWinRate.AgainstBestOfN(1, 2, 3, n));
        foreach (int n in new[] { 0, 3 })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => UnbiasedWinRate.OfBestOfN(s_three, n));
        Assert.Equal(2 / 3.0, UnbiasedWinRate.OfBestOfN(s_three, 2), 1e-15);
    }

    [Fact]
    public void Harmonic_numbers_and_their_remainders_are_the_sums()
    {
        Assert.Equal((0, 1, 1.5), (HarmonicNumbers.Number(0), HarmonicNumbers.Number(1), HarmonicNumbers.Number(2)));
        decimal harmonic = 0;
        for (int k = 1; k <= 100; k++)
        {
            harmonic += 1m / k;
            decimal remainder = harmonic - 0.5772156649015328606065120901m - ExactReals.Log(k + 0.5m);
            Assert.Equal((double)remainder, HarmonicNumbers.Remainder(k), k < 32 ? 1e-15 : 1e-17);
        }
    }

    /// <summary>2^31 - 2 samples are planned, 2^31 - 1 are too many.</summary>
    [Fact]
    public void A_plan_is_an_int_and_its_limit_is_that_of_the_error_itself()
    {
        const double N = 1e6;
        double one = SamplePlanner.ExpectedKl(N, 1);
        Assert.InRange(SamplePlanner.SamplesPerPrompt(N, one / (int.MaxValue - 1.5)), int.MaxValue - 2, int.MaxValue);
        Assert.Throws<ArgumentOutOfRangeException>("nats", () => SamplePlanner.SamplesPerPrompt(N, one / (int.MaxValue - 0.5)));
        Assert.Equal(
            (1, 1, 2),
            (SamplePlanner.SamplesPerPrompt(1, 1), SamplePlanner.SamplesPerPrompt(2, 9), SamplePlanner.SamplesPerPrompt(2.5, 9))
        );

        int exact = 0;
        for (int samples = 1; samples <= 2000; samples++)
        {
            double n = SamplePlanner.MaxN(samples, SamplePlanner.MaxGoodKl);
            if (SamplePlanner.ExpectedKl(n, samples) != SamplePlanner.MaxGoodKl)
                continue;
            exact++;
            Assert.Null(SamplePlanner.Warning(n, samples));
        }

        Assert.True(exact > 0);
        Assert.DoesNotContain("more than", SamplePlanner.Warning(64, 32)!, StringComparison.Ordinal); // N = 2 M
        Assert.Contains("more than", SamplePlanner.Warning(64.5, 32)!, StringComparison.Ordinal);
        foreach (double nats in new[] { 0, double.NaN, double.PositiveInfinity })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(nats), () => SamplePlanner.MaxN(3, nats));
        Assert.Throws<ArgumentOutOfRangeException>("samplesPerPrompt", () => SamplePlanner.ExpectedKl(2, 0));
        Assert.Throws<ArgumentOutOfRangeException>("samplesPerPrompt", () => SamplePlanner.MaxN(0, 1));
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-9;

    private static void Unsorted(string said, double[] rewards)
    {
        foreach (
            Action action in new Action[]
            {
                () => ExpectedMax.Of(rewards, 1),
                () => ExpectedMax.Curve(rewards, 1),
                () => UnbiasedWinRate.OfBestOfN(rewards, 1),
            }
        )
            Assert.StartsWith(said, Assert.Throws<ArgumentException>(nameof(rewards), action).Message, StringComparison.Ordinal);
    }
}
