using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Impossible input is named; edges have their limits.</summary>
[Trait("Tier", "fast")]
public sealed class BestOfNErrorTests
{
    [Theory]
    [InlineData(0.5)]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void N_out_of_range_is_refused(double n)
    {
        Assert.Contains(
            "at least 1",
            Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNMath.LogRatio(-1, -1, n)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNMath.LogRatioWithTies(-1, -1, n));
        Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNMath.KlUpperBound(n));
    }

    [Theory]
    [InlineData(double.NaN, -1)]
    [InlineData(-1, double.NaN)]
    [InlineData(0.1, -1)]
    [InlineData(-1, 0.1)]
    public void What_is_no_log_probability_is_refused(double logP, double logF) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNMath.LogRatio(logP, logF, 2));

    [Fact]
    public void More_than_all_probability_is_refused_with_values_and_remedy()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNMath.LogRatio(Math.Log(0.4), Math.Log(0.7), 4));

        Assert.Contains("log(1 - p)", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            Math.Log(0.7).ToString("R", System.Globalization.CultureInfo.InvariantCulture),
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Edges_have_their_limits()
    {
        Assert.Equal(3 * -2.0, BestOfNMath.LogRatio(-2, double.NegativeInfinity, 4));
        Assert.Equal(Math.Log(4) + (3 * -0.5), BestOfNMath.LogRatio(double.NegativeInfinity, -0.5, 4));
        Assert.Equal(double.NegativeInfinity, BestOfNMath.LogDensity(double.NegativeInfinity, -0.5, 4));
        Assert.Equal(0, BestOfNMath.LogDensity(0, double.NegativeInfinity, 1e6));
        Assert.Equal(-1, BestOfNMath.LogRatio(-1, double.NegativeInfinity, 2) + 0.0);
        Assert.Equal(Math.Log(1e6) + ((1e6 - 1) * -0.5), BestOfNMath.LogRatio(-1e4, -0.5, 1e6), 6);
        // rounding above 0
        Assert.Equal(BestOfNMath.LogRatio(0, double.NegativeInfinity, 3), BestOfNMath.LogRatio(1e-13, double.NegativeInfinity, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => BestOfNMath.LogRatioWithTies(-0.1, -0.2, 2));
    }

    [Fact]
    public void Kl_of_best_of_n_lies_below_its_bounds()
    {
        double[] masses = [.4, .3, .15, .1, .05];
        double[] published = [.15766, .59266, 1.1531];
        foreach ((double n, double kl) in new double[] { 2, 4, 8 }.Zip(published))
        {
            Assert.Equal(kl, BestOfNMath.KlToReference(masses, n), 4);
            Assert.True(kl <= BestOfNMath.KlTopAtomBound(n, .05) && BestOfNMath.KlTopAtomBound(n, .05) <= BestOfNMath.KlUpperBound(n));
            Assert.True(BestOfNMath.WinRate(masses, n) < BestOfNMath.WinRate(n));
        }
    }
}
