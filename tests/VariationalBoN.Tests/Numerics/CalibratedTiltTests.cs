using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Closed forms of the tilt against integrals over F, published figures, and their own limits.</summary>
[Trait("Tier", "fast")]
public sealed class CalibratedTiltTests
{
    [Theory]
    [InlineData(1e-9)]
    [InlineData(1e-4)]
    [InlineData(0.05)]
    [InlineData(0.499999)]
    [InlineData(0.500001)]
    [InlineData(3.0)]
    [InlineData(30.0)]
    [InlineData(699.0)]
    public void Win_rate_and_KL_are_the_integrals_over_a_uniform_F(double c)
    {
        // Mean of u and of the log-density c u - log E[e^(c u)] under e^(c u), by Gauss-Legendre on 4,000 pieces from the top.
        const int Pieces = 4000;
        double[] nodes = [-0.861136311594053, -0.339981043584856, 0.339981043584856, 0.861136311594053],
            weights = [0.347854845137454, 0.652145154862546, 0.652145154862546, 0.347854845137454];
        double mass = 0,
            below = 0;
        for (int i = 0; i < Pieces; i++)
        {
            for (int k = 0; k < 4; k++)
            {
                double v = (i + 0.5 + (nodes[k] / 2)) / Pieces,
                    w = weights[k] / 2 / Pieces * Math.Exp(-c * v); // v = 1 - u
                (mass, below) = (mass + w, below + (w * v));
            }
        }

        double win = 1 - (below / mass);
        Assert.Equal(win, CalibratedTilt.WinRate(c), 1e-10);
        double kl = (-c * below / mass) - Math.Log(mass); // small c cancels here, so the series is held by its own leading term
        Assert.Equal(c < 0.01 ? c * c / 24 : kl, CalibratedTilt.Kl(c), c < 0.01 ? 1e-6 * c * c : 1e-9);
    }

    [Theory]
    [InlineData(2, 0.6759, 2.29)]
    [InlineData(4, 0.8040, 4.92)]
    [InlineData(8, 0.8897, 9.05)]
    [InlineData(16, 0.9413, 17.03)]
    [InlineData(32, 0.9697, 33.02)]
    public void Known_figures_come_out(double n, double win, double c)
    {
        Assert.Equal(c, CalibratedTilt.ForN(n), 0.006);
        Assert.Equal(win, CalibratedTilt.WinRate(CalibratedTilt.ForN(n)), 6e-5);
        Assert.Equal(win, WinRateCurve.Ceiling(BestOfNMath.KlUpperBound(n)), 6e-5);
    }

    [Theory]
    [InlineData(1 + 1e-12)]
    [InlineData(1 + 1e-6)]
    [InlineData(1.00001)]
    [InlineData(1.5)]
    [InlineData(8.25)]
    [InlineData(1000.0)]
    [InlineData(1e12)]
    [InlineData(1e300)]
    public void ForN_has_the_KL_of_best_of_n(double n)
    {
        double c = CalibratedTilt.ForN(n),
            kl = BestOfNMath.KlUpperBound(n);
        Assert.Equal(kl, CalibratedTilt.Kl(c), 1e-11 * kl);
        if (n < 1.001)
            Assert.Equal(Math.Sqrt(12) * (n - 1), c, 1e-3 * (n - 1));
        if (n > 100)
            Assert.Equal(n + 1, c, n / 1e4);
    }

    [Fact]
    public void One_draw_needs_no_tilt_and_steps_up_are_steps_up()
    {
        Assert.Equal(0, CalibratedTilt.ForN(1));
        Assert.Equal((0.5, 0.0), (CalibratedTilt.WinRate(0), CalibratedTilt.Kl(0)));
        double lastC = 0,
            lastWin = 0.5,
            lastKl = 0;
        foreach (double n in Enumerable.Range(1, 400).Select(i => 1 + (1e-5 * Math.Pow(1.08, i))))
        {
            double c = CalibratedTilt.ForN(n),
                win = CalibratedTilt.WinRate(c),
                kl = CalibratedTilt.Kl(c);
            Assert.True(c > lastC && win > lastWin && kl > lastKl, $"n = {n}");
            (lastC, lastWin, lastKl) = (c, win, kl);
        }

        Assert.Equal(1 - (1 / 1e6), CalibratedTilt.WinRate(1e6), 1e-12);
        Assert.Equal(Math.Log(1e6) - 1, CalibratedTilt.Kl(1e6), 1e-12);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Bad_numbers_are_refused_by_name(double bad)
    {
        Assert.Equal("n", Assert.Throws<ArgumentOutOfRangeException>(() => CalibratedTilt.ForN(bad)).ParamName);
        Assert.Equal("c", Assert.Throws<ArgumentOutOfRangeException>(() => CalibratedTilt.WinRate(bad == 0.5 ? -1 : bad)).ParamName);
        Assert.Equal("c", Assert.Throws<ArgumentOutOfRangeException>(() => CalibratedTilt.Kl(bad == 0.5 ? -1 : bad)).ParamName);
        Assert.Equal("kl", Assert.Throws<ArgumentOutOfRangeException>(() => CalibratedTilt.ForKl(bad == 0.5 ? -1 : bad)).ParamName);
    }

    [Fact]
    public void The_curve_of_best_of_n_is_inverted_for_every_real_n()
    {
        foreach (double n in Enumerable.Range(0, 200).Select(i => 1 + (1e-6 * Math.Pow(1.12, i))))
        {
            double kl = BestOfNMath.KlUpperBound(n);
            Assert.Equal(n, WinRateCurve.NOf(kl), 1e-7 * n);
            Assert.Equal(n / (n + 1), WinRateCurve.BestOfN(kl), 1e-7);
            Assert.True(WinRateCurve.Ceiling(kl) >= WinRateCurve.BestOfN(kl) - 1e-12);
        }

        Assert.Equal(0.5, WinRateCurve.BestOfN(0));
        Assert.Equal(0.5, WinRateCurve.Ceiling(0));
        Assert.Equal(1, WinRateCurve.Ceiling(double.PositiveInfinity));
        Assert.Equal("kl", Assert.Throws<ArgumentOutOfRangeException>(() => WinRateCurve.BestOfN(double.NaN)).ParamName);
        Assert.Equal("kl", Assert.Throws<ArgumentOutOfRangeException>(() => WinRateCurve.Ceiling(-1e-9)).ParamName);
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.6)]
    [InlineData(2.5)]
    public void Slopes_are_those_of_the_curves(double kl)
    {
        const double Step = 1e-5;
        Assert.Equal((WinRateCurve.BestOfN(kl + Step) - WinRateCurve.BestOfN(kl - Step)) / (2 * Step), WinRateCurve.BestOfNSlope(kl), 1e-5);
        Assert.Equal((WinRateCurve.Ceiling(kl + Step) - WinRateCurve.Ceiling(kl - Step)) / (2 * Step), WinRateCurve.CeilingSlope(kl), 1e-5);
        Assert.Equal(double.PositiveInfinity, WinRateCurve.BestOfNSlope(0));
        Assert.Equal(double.PositiveInfinity, WinRateCurve.CeilingSlope(0));
    }
}
