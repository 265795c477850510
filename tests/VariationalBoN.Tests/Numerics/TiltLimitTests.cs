using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>The tilt against its series by Riemann's zeta function, its inverse, and the curves of win rates at their ends.</summary>
[Trait("Tier", "fast")]
public sealed class TiltLimitTests
{
    /// <summary>win - 1/2 = 2 sum_k (-1)^(k + 1) zeta(2 k) c^(2k - 1) / (2 pi)^(2k), and KL is the integral of c win'(c).</summary>
    [Fact]
    public void Win_rate_and_KL_are_their_series_to_rounding_on_both_sides_of_a_half() =>
        Gen.Double[-6, 0.2]
            .Sample(
                exponent =>
                {
                    double c = Math.Pow(10, exponent),
                        win = 0,
                        kl = 0;
                    for (int k = 40; k >= 1; k--)
                    {
                        double term = (k % 2 == 1 ? 2 : -2) * Zeta(2 * k) * Math.Pow(c / (2 * Math.PI), 2 * k);
                        win += term / c;
                        kl += term * (2 * k - 1) / (2 * k);
                    }

                    double cut = c < 0.5 ? 2.5 * Math.Pow(c / (2 * Math.PI), 14) : 0; // below a half it takes six terms
                    Assert.Equal(0.5 + win, CalibratedTilt.WinRate(c), (cut / c) + (c < 0.5 ? 2e-16 : 1e-15));
                    Assert.Equal(kl, CalibratedTilt.Kl(c), cut + (c < 0.5 ? 4e-15 * kl : 2e-15));
                    Assert.Equal((c * CalibratedTilt.WinRate(c)) - kl, CalibratedTilt.LogNormaliser(c), 1e-15);
                },
                iter: 2000
            );

    [Fact]
    public void A_KL_is_that_of_its_tilt() =>
        Gen.Double[-12, Math.Log10(700)]
            .Sample(
                exponent =>
                {
                    double kl = Math.Min(700, Math.Pow(10, exponent));
                    Assert.Equal(kl, CalibratedTilt.Kl(CalibratedTilt.ForKl(kl)), 2e-13 * kl + 1e-15 * Math.Sqrt(kl));
                },
                iter: 1000
            );

    [Fact]
    public void A_tilt_is_finite_and_a_KL_0_to_700()
    {
        Assert.Equal(0, CalibratedTilt.ForKl(0));
        Assert.Equal(701, Math.Log(CalibratedTilt.ForKl(700)), 1e-10); // KL is log c - 1
        foreach (double kl in new[] { -1e-9, Math.BitIncrement(700), double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(kl), () => CalibratedTilt.ForKl(kl));
        Assert.Equal((1, 0), (CalibratedTilt.WinRate(double.MaxValue), CalibratedTilt.LogNormaliser(0)));
        foreach (double c in new[] { -double.Epsilon, double.NaN, double.PositiveInfinity })
        {
            Assert.Throws<ArgumentOutOfRangeException>(nameof(c), () => CalibratedTilt.WinRate(c));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(c), () => CalibratedTilt.Kl(c));
        }
    }

    /// <summary>n of the curve and back, to rounding; its win rate n / (n + 1) and its slope n^2 / ((n - 1) (n + 1)^2).</summary>
    [Fact]
    public void The_curve_of_best_of_n_has_the_n_of_its_KL_and_their_slope() =>
        Gen.Double[-10, 2.5]
            .Sample(
                exponent =>
                {
                    double kl = Math.Pow(10, exponent),
                        n = WinRateCurve.NOf(kl);
                    Assert.Equal(kl, BestOfNMath.KlUpperBound(n), (1e-14 * kl) + (1e-15 * Math.Sqrt(kl)));
                    Assert.Equal(n / (n + 1), WinRateCurve.BestOfN(kl), 1e-15);
                    double slope = n / (n - 1) * (n / (n + 1)) / (n + 1);
                    Assert.Equal(1, WinRateCurve.BestOfNSlope(kl) / slope, 1e-10 + (1e-15 / (n - 1)));
                    Assert.Equal(CalibratedTilt.WinRate(CalibratedTilt.ForKl(kl)), WinRateCurve.Ceiling(kl));
                    Assert.Equal(1 / CalibratedTilt.ForKl(kl), WinRateCurve.CeilingSlope(kl));
                },
                iter: 1000
            );

    [Fact]
    public void Curves_have_their_ends()
    {
        Assert.Equal((1, 0.5, 1), (WinRateCurve.NOf(0), WinRateCurve.BestOfN(0), WinRateCurve.BestOfN(double.PositiveInfinity)));
        Assert.Equal(double.PositiveInfinity, WinRateCurve.NOf(800));
        Assert.Equal((1, 1, 0), (WinRateCurve.Ceiling(700), WinRateCurve.Ceiling(701), WinRateCurve.CeilingSlope(701)));
        Assert.InRange(WinRateCurve.CeilingSlope(700), double.Epsilon, 1e-300);
        foreach (double kl in new[] { -double.Epsilon, double.NaN })
        {
            Assert.Throws<ArgumentOutOfRangeException>(nameof(kl), () => WinRateCurve.NOf(kl));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(kl), () => WinRateCurve.BestOfN(kl));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(kl), () => WinRateCurve.Ceiling(kl));
        }
    }

    /// <summary>The sum of 1 / j^s for even s: to 200 by itself, the rest by Euler and Maclaurin.</summary>
    private static double Zeta(int s)
    {
        const int Terms = 200;
        double sum =
            (Math.Pow(Terms, 1 - s) / (s - 1))
            - (Math.Pow(Terms, -s) / 2)
            + (s * Math.Pow(Terms, -s - 1) / 12)
            - (s * (s + 1.0) * (s + 2) * Math.Pow(Terms, -s - 3) / 720);
        for (int j = Terms; j >= 1; j--)
            sum += Math.Pow(j, -s);
        return sum;
    }
}
