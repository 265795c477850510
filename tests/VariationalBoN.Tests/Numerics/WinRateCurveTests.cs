using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>The slope of the Best-of-n curve is a number at every KL.</summary>
[Trait("Tier", "fast")]
public sealed class WinRateCurveTests
{
    [Theory]
    [InlineData(300)]
    [InlineData(400)]
    [InlineData(698)]
    [InlineData(5000)]
    [InlineData(double.PositiveInfinity)]
    public void The_slope_far_out_is_all_but_none(double kl) => Assert.InRange(WinRateCurve.BestOfNSlope(kl), 0, 1e-100);

    [Theory]
    [InlineData(0.01)]
    [InlineData(1.2)]
    [InlineData(8)]
    public void The_slope_is_that_of_the_curve(double kl)
    {
        double h = 1e-4 * kl,
            slope = (WinRateCurve.BestOfN(kl + h) - WinRateCurve.BestOfN(kl - h)) / (2 * h);
        Assert.Equal(1, WinRateCurve.BestOfNSlope(kl) / slope, 1e-5);
    }

    /// <summary>With x = log n near 0 the KL is x^2 / 2 - x^3 / 6 and the slope (1 + x / 2) / (4 x).</summary>
    [Theory]
    [InlineData(1e-14)]
    [InlineData(1e-26)]
    public void The_slope_near_a_KL_of_0_is_exact(double kl)
    {
        double x = Math.Sqrt(2 * kl);

        Assert.Equal(1, WinRateCurve.BestOfNSlope(kl) * 4 * x, 1e-6);
    }
}
