using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Divergences and win rates against their sums in plain powers, and where arguments end.</summary>
[Trait("Tier", "fast")]
public sealed class BestOfNLimitTests
{
    private const double None = double.NegativeInfinity;

    private static readonly Gen<double[]> s_masses = Gen.Double[0.01, 1]
        .Array[1, 8]
        .Select(weights => (double[])[.. weights.Select(weight => weight / weights.Sum())]);

    [Fact]
    public void Divergence_and_win_rate_of_levels_are_the_sums_of_their_powers() =>
        Gen.Select(s_masses, Gen.Double[1, 30])
            .Sample(
                (masses, n) =>
                {
                    double below = 0,
                        kl = 0,
                        win = 0;
                    foreach (double mass in masses)
                    {
                        double best = Math.Pow(below + mass, n) - Math.Pow(below, n);
                        kl += best * Math.Log(best / mass);
                        win += best * (below + (mass / 2));
                        below += mass;
                    }

                    Assert.Equal(kl, BestOfNMath.KlToReference(masses, n), 1e-10);
                    Assert.Equal(win, BestOfNMath.WinRate(masses, n), 1e-12);
                    double[] padded = [0, .. masses[..1], 0, .. masses[1..], 0]; // levels without mass are none
                    Assert.Equal(kl, BestOfNMath.KlToReference(padded, n), 1e-10);
                    Assert.Equal(win, BestOfNMath.WinRate(padded, n), 1e-12);
                },
                iter: 2000
            );

    /// <summary>N = 1e12 and a top level of 1e-12: what 1 - 1e-12 as a double has lost would be seen.</summary>
    [Fact]
    public void A_thin_top_level_keeps_its_digits()
    {
        const double N = 1e12,
            Top = 1e-12;
        double rest = Math.Exp(-1 - (Top / 2)), // (1 - e)^N, log(1 - e) = -e - e^2 / 2
            expected = (rest * (-1 - (Top / 2))) + ((1 - rest) * Math.Log((1 - rest) / Top));
        Assert.Equal(expected, BestOfNMath.KlToReference([1 - Top, Top], N), 1e-9);
        Assert.Equal((rest / 2) + (1 - rest), BestOfNMath.WinRate([1 - Top, Top], N), 1e-11);
        Assert.Equal(Math.Log(N), BestOfNMath.KlToReference([1e-13, 1 - 1e-13], 1) + Math.Log(N), 1e-12);
    }

    [Fact]
    public void Masses_are_taken_by_their_sum_when_it_is_1_up_to_rounding()
    {
        double[] masses = [0.2, 0.3, 0.5],
            more = [.. masses.Select(mass => mass * (1 + 9e-10))];
        Assert.Equal(BestOfNMath.KlToReference(masses, 5), BestOfNMath.KlToReference(more, 5), 1e-14);
        Assert.Equal(BestOfNMath.WinRate(masses, 5), BestOfNMath.WinRate(more, 5), 1e-14);
        foreach (double factor in new[] { 1 + 1.1e-9, 1 - 1.1e-9, 2 })
            RefusedMasses<ArgumentException>("", [.. masses.Select(mass => mass * factor)]);
        RefusedMasses<ArgumentException>("no reward levels", []);
        RefusedMasses<ArgumentOutOfRangeException>("level 1 ", [1.1, -0.1]);
        RefusedMasses<ArgumentOutOfRangeException>("level 0 ", [double.NaN, 1]);
        foreach (double n in new[] { 0.999, double.NaN, double.PositiveInfinity })
        {
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => BestOfNMath.KlToReference([1], n));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => BestOfNMath.WinRate([1], n));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => BestOfNMath.WinRate(n));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => BestOfNMath.KlUpperBound(n));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => BestOfNMath.KlTopAtomBound(n, 0.5));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => BestOfNMath.KlTopAtomBound(n, 1));
            Assert.Throws<ArgumentOutOfRangeException>(nameof(n), () => BestOfNMath.LogDensityLowerBound(-1, -1, n));
        }
    }

    [Fact]
    public void A_level_of_next_to_no_mass_changes_nothing()
    {
        double[] masses = [0.5, 0.5];
        foreach (double n in new[] { 1, 1.5, 2, 1000 })
        {
            Assert.Equal(BestOfNMath.KlToReference(masses, n), BestOfNMath.KlToReference([1e-20, .. masses], n), 1e-14);
            Assert.Equal(BestOfNMath.KlToReference(masses, n), BestOfNMath.KlToReference([.. masses, 1e-20], n), 1e-14);
            Assert.Equal(BestOfNMath.WinRate(masses, n), BestOfNMath.WinRate([1e-20, .. masses], n), 1e-14);
        }
    }

    [Fact]
    public void The_bound_of_the_divergence_keeps_its_digits_near_1() =>
        Gen.Double[-5, 3]
            .Sample(
                exponent =>
                {
                    double n = 1 + Math.Pow(10, exponent);
                    decimal d = ExactReals.Of(n) - 1;
                    if (n - 1 < 0.02)
                    {
                        decimal sum = 0,
                            power = d;
                        for (int k = 2; k <= 20; k++)
                            sum += (power *= -d) * (k - 1) / k; // d^2 / 2 - 2 d^3 / 3 + ...
                        Assert.Equal(1, BestOfNMath.KlUpperBound(n) / -(double)sum, n - 1 < 0.01 ? 1e-14 : 1e-11);
                    }
                    else
                        Assert.Equal(Math.Log(n) - ((n - 1) / n), BestOfNMath.KlUpperBound(n), 1e-14 * n);
                },
                iter: 2000
            );

    [Fact]
    public void The_bound_with_a_top_level_is_its_formula() =>
        Gen.Select(Gen.Double[1, 50], Gen.Double[0.001, 0.999])
            .Sample(
                (n, e) =>
                {
                    double rest = Math.Pow(1 - e, n),
                        expected =
                            (rest * (Math.Log(n) + ((n - 1) * Math.Log(1 - e)) - ((n - 1) / n))) + ((1 - rest) * Math.Log((1 - rest) / e));
                    Assert.Equal(Math.Max(0, expected), BestOfNMath.KlTopAtomBound(n, e), 1e-11);
                },
                iter: 2000
            );

    [Fact]
    public void A_top_level_is_a_probability()
    {
        Assert.Equal(BestOfNMath.KlUpperBound(5), BestOfNMath.KlTopAtomBound(5, 0));
        Assert.Equal(0, BestOfNMath.KlTopAtomBound(5, 1));
        Assert.Equal(0, BestOfNMath.KlTopAtomBound(1, 0.5));
        Assert.Equal(BestOfNMath.KlUpperBound(5), BestOfNMath.KlTopAtomBound(5, 1e-14), 1e-11);
        foreach (double topMass in new[] { -1e-9, 1 + 1e-9, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(topMass), () => BestOfNMath.KlTopAtomBound(5, topMass));
    }

    [Fact]
    public void Bounds_of_the_density_are_their_formulas() =>
        Gen.Select(Gen.Double[0.01, 0.7], Gen.Double[1e-4, 0.29], Gen.Double[1, 1000])
            .Sample(
                (f, p, n) =>
                {
                    double shared = Math.Log(n) + Math.Log(p);
                    Assert.Equal(
                        shared + ((n - 1) * Math.Log(f)),
                        BestOfNMath.LogDensityLowerBound(Math.Log(p), Math.Log(f), n),
                        1e-14 * (10 + (10 * n))
                    );
                    Assert.Equal(
                        shared + ((n - 1) * Math.Log(f + p)),
                        BestOfNMath.LogDensityUpperBound(Math.Log(p), Math.Log(f), n),
                        1e-14 * (10 + (10 * n))
                    );
                },
                iter: 2000
            );

    [Fact]
    public void Where_nothing_lies_below_or_N_is_1_bounds_have_their_limits()
    {
        Assert.Equal((-2, -2), (BestOfNMath.LogDensityLowerBound(-2, None, 1), BestOfNMath.LogDensityUpperBound(-2, -1, 1)));
        Assert.Equal(-2, BestOfNMath.LogDensityLowerBound(-2, None, 1));
        Assert.Equal((0, 0), (BestOfNMath.LogRatio(None, None, 1), BestOfNMath.LogRatio(None, -0.5, 1)));
        Assert.Equal(None, BestOfNMath.LogDensityLowerBound(-2, None, 3));
        Assert.Equal(-2 + Math.Log(3) + (2 * -2), BestOfNMath.LogDensityUpperBound(-2, None, 3), 1e-14);
        Assert.Equal(Math.Log(3), BestOfNMath.LogDensityUpperBound(0, None, 3), 1e-14);
        // F + p is 1 but for rounding
        Assert.Equal(Math.Log(0.5) + Math.Log(3), BestOfNMath.LogDensityUpperBound(Math.Log(0.5), Math.Log(0.5 + 4e-10), 3), 1e-15);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void All_probability_may_be_1_up_to_rounding_and_no_more(double n)
    {
        foreach (double p in new[] { 0.3, 0.5, 0.8 }) // the smaller, the equal and the larger part
        {
            Assert.Equal(
                BestOfNMath.LogRatio(Math.Log(p), Math.Log(1 - p), n),
                BestOfNMath.LogRatio(Math.Log(p), Math.Log(1 - p + 5e-10), n),
                1e-7
            );
            Refused("logReference", Math.Log(p), Math.Log(1 - p + 2e-9), n);
        }

        Assert.Equal(BestOfNMath.LogRatio(0, None, n), BestOfNMath.LogRatio(1e-12, None, n));
        Refused("logReference", 1.1e-12, None, n);
        Refused("logReference", double.NaN, None, n);
        Assert.Equal(BestOfNMath.LogRatio(None, 0, n), BestOfNMath.LogRatio(None, 1e-12, n));
        Refused("logCdf", None, 1.1e-12, n);
        Refused("logCdf", None, double.NaN, n);
    }

    [Fact]
    public void Sides_of_a_level_may_be_equal_and_no_other_way_round()
    {
        Assert.Equal(Math.Log(4) + (3 * -0.5), BestOfNMath.LogRatioWithTies(-0.5, -0.5, 4), 1e-15);
        Assert.Equal(3 * -0.5, BestOfNMath.LogRatioWithTies(None, -0.5, 4));
        Assert.Equal(None, BestOfNMath.LogRatioWithTies(None, None, 4));
        Assert.Equal((0, 0, 0), (Tied(-0.5, -0.5), Tied(None, -0.5), Tied(None, None)));
        foreach (double below in new[] { -0.5 + 1e-15, 1e-11, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>("logCdfBelow", () => BestOfNMath.LogRatioWithTies(below, -0.5, 4));
        foreach (double atOrBelow in new[] { 1e-11, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>("logCdfAtOrBelow", () => BestOfNMath.LogRatioWithTies(-0.5, atOrBelow, 4));

        static double Tied(double below, double atOrBelow) => BestOfNMath.LogRatioWithTies(below, atOrBelow, 1);
    }

    private static void Refused(string name, double logReference, double logCdf, double n)
    {
        Assert.Throws<ArgumentOutOfRangeException>(name, () => BestOfNMath.LogRatio(logReference, logCdf, n));
        Assert.Throws<ArgumentOutOfRangeException>(name, () => BestOfNMath.LogDensityLowerBound(logReference, logCdf, n));
        Assert.Throws<ArgumentOutOfRangeException>(name, () => BestOfNMath.LogDensityUpperBound(logReference, logCdf, n));
    }

    private static void RefusedMasses<T>(string said, double[] masses)
        where T : ArgumentException
    {
        Assert.Contains(
            said,
            Assert.Throws<T>(nameof(masses), () => BestOfNMath.KlToReference(masses, 2)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(said, Assert.Throws<T>(nameof(masses), () => BestOfNMath.WinRate(masses, 2)).Message, StringComparison.Ordinal);
    }
}
