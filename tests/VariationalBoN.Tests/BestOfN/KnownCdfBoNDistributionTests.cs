using CsCheck;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Tests.BestOfN;

[Trait("Tier", "fast")]
public sealed class KnownCdfBoNDistributionTests
{
    [Fact]
    public void A_completion_of_a_level_has_its_share_of_the_difference_of_powers() =>
        Gen.Select(Gen.Double[0, 0.9], Gen.Double[0.01, 0.1], Gen.Double[0.01, 1], Gen.Double[1, 20])
            .Sample(
                (below, level, share, n) =>
                {
                    double expected = Math.Log(share * (Math.Pow(below + level, n) - Math.Pow(below, n)));
                    AssertDensity(expected, Known(n, below, below + level), Math.Log(share * level));
                },
                iter: 3000
            );

    [Fact]
    public void Where_F_is_one_number_the_completion_is_the_only_one_of_its_reward() =>
        Gen.Select(Gen.Double[0, 0.9], Gen.Double[0.01, 0.1], Gen.Double[1, 20])
            .Sample(
                (below, p, n) => AssertDensity(Math.Log(Math.Pow(below + p, n) - Math.Pow(below, n)), Known(n, below, below), Math.Log(p)),
                iter: 3000
            );

    [Fact]
    public void A_certain_completion_up_to_rounding_has_the_density_1_and_an_impossible_one_0()
    {
        foreach (double above in new[] { 0, 1e-15, 5e-10 })
            Assert.Equal(0, Known(4, 0, 1).LogDensity(Scored(above)));
        foreach (var known in new[] { Known(4, 0.3, 0.5), Known(4, 0.3, 0.3), Known(4, 0, 0), Known(1, 0, 0) })
            Assert.Equal(double.NegativeInfinity, known.LogDensity(Scored(double.NegativeInfinity)));
    }

    /// <summary>Both sides of a level that are rounded to doubles allow the completion that is all of it, and little more.</summary>
    [Fact]
    public void A_completion_may_be_all_of_a_thin_level() =>
        Gen.Select(Gen.Double[-40, -0.05], Gen.Double[-30, -2])
            .Sample(
                (logBelow, logPart) =>
                {
                    // p = F_lt e^logPart, exactly what F_le is made of
                    double p = Math.Exp(logBelow + logPart),
                        below = Math.Exp(logBelow),
                        logAtOrBelow = Math.Log(below + p);
                    if (logAtOrBelow == logBelow || below + p > 1)
                        return;
                    var known = new KnownCdfBoNDistribution((_, _) => new LogCdfPair(logBelow, logAtOrBelow), 4);
                    Assert.True(double.IsFinite(known.LogRatio(Scored(logBelow + logPart))));
                    double level = logBelow + Math.Log(Math.Exp(logAtOrBelow - logBelow) - 1);
                    double slack = 1e-9 + (1e-15 * (1 - logBelow) * Math.Exp(-logPart));
                    Assert.Throws<ArgumentOutOfRangeException>("completion", () => known.LogRatio(Scored(level + (3 * slack))));
                },
                iter: 3000
            );

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    public void A_completion_more_probable_than_its_level_is_refused_up_to_rounding(double below)
    {
        double level = Math.Log(0.45 - below);
        Assert.True(double.IsFinite(Known(4, below, 0.45).LogRatio(Scored(level + 8e-10))));
        foreach (double more in new[] { 2e-9, 1e-6, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>("completion", () => Known(4, below, 0.45).LogRatio(Scored(level + more)));
    }

    [Fact]
    public void It_asks_its_function_for_the_prompt_and_the_reward_and_its_caller_for_no_origin()
    {
        var known = new KnownCdfBoNDistribution((prompt, reward) => new LogCdfPair(-prompt.Text.Length, -reward), 2.5);
        Assert.Equal(new LogCdfPair(-3, -0.25), known.LogCdf("abc", 0.25));
        Assert.Equal(2.5, known.N);
        Assert.Null(known.Origin);
    }

    [Theory]
    [InlineData(0.999)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void An_N_that_is_not_finite_or_below_1_is_refused(double n) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => Known(n, 0.3, 0.5));

    [Fact]
    public void What_is_no_reward_and_no_completion_is_refused()
    {
        var known = Known(1, 0.3, 0.5);
        foreach (double reward in new[] { double.NaN, double.PositiveInfinity })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(reward), () => known.LogCdf("x", reward));
        Assert.Throws<ArgumentNullException>("prompt", () => known.LogCdf(null!, 1));
        Assert.Throws<ArgumentNullException>("logCdf", () => new KnownCdfBoNDistribution(null!, 2));
        Assert.Throws<ArgumentNullException>("completion.Completion", () => known.LogRatio(default));
    }

    private static void AssertDensity(double expected, KnownCdfBoNDistribution known, double logReference)
    {
        Assert.Equal(expected, known.LogDensity(Scored(logReference)), 1e-9 * (1 + Math.Abs(expected)));
        Assert.Equal(expected - logReference, known.LogRatio(Scored(logReference)), 1e-9 * (1 + Math.Abs(expected)));
    }

    private static KnownCdfBoNDistribution Known(double n, double below, double atOrBelow) =>
        new((_, _) => new LogCdfPair(Math.Log(below), Math.Log(atOrBelow)), n);

    private static ScoredCompletion Scored(double logReference) => new(new Completion { Prompt = "x", Text = "" }, 1.25, logReference);
}
