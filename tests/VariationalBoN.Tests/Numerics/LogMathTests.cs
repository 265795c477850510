using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Functions of logarithms against decimals of 28 digits, to a few units in the last place.</summary>
[Trait("Tier", "fast")]
public sealed class LogMathTests
{
    private const double Rounding = 1.0 / (1L << 52);

    /// <summary>Of both signs, from 1e-12 to 1.</summary>
    private static readonly Gen<double> s_small = Gen.Select(Gen.Double[-12, 0], Gen.Bool)
        .Select((exponent, negative) => (negative ? -1 : 1) * Math.Pow(10, exponent));

    private static readonly Gen<double> s_positive = Gen.Double[-10, 1.5].Select(exponent => Math.Pow(10, exponent));

    [Fact]
    public void Log1p_and_Expm1_are_exact_to_rounding() =>
        s_small.Sample(
            x =>
            {
                AssertExact(ExactReals.Log1p(ExactReals.Of(0.99 * x)), LogMath.Log1p(0.99 * x));
                AssertExact(ExactReals.Expm1(ExactReals.Of(x)), LogMath.Expm1(x));
                AssertExact(ExactReals.Expm1(ExactReals.Of(20 * x)), LogMath.Expm1(20 * x));
            },
            iter: 2000
        );

    [Fact]
    public void The_logarithms_of_a_complement_and_of_an_excess_are_exact_to_rounding() =>
        s_positive.Sample(
            x =>
            {
                decimal exact = ExactReals.Of(x);
                AssertExact(ExactReals.Log(-ExactReals.Expm1(-exact)), LogMath.Log1mExp(x), 4, 1);
                AssertExact(ExactReals.Log(ExactReals.Expm1(exact)), LogMath.LogExpm1(x), 4, 1);
            },
            iter: 2000
        );

    [Fact]
    public void G_is_the_logarithm_of_e_to_the_x_less_1_by_x() =>
        s_positive.Sample(
            x =>
            {
                decimal exact = ExactReals.Of(x),
                    excess = 0, // (e^x - 1) / x - 1
                    term = 1;
                for (int k = 2; k <= 120; k++)
                    excess += term *= exact / k;
                decimal truth = ExactReals.Log1p(excess);
                AssertExact(truth, LogMath.G(x), 4, x < 0.01 ? 0 : 6);
                if (x < 0.02)
                    AssertExact(truth, LogMath.GSeries(x), 4);
            },
            iter: 2000
        );

    [Fact]
    public void A_quotient_has_its_digits_on_both_sides_of_a_half() =>
        Gen.Select(Gen.Int[1, 1_000_000], Gen.Int[1, 1_000_000])
            .Sample(
                (a, b) =>
                {
                    (double part, double total) = (Math.Min(a, b), Math.Max(a, b));
                    AssertExact(ExactReals.Log(ExactReals.Of(part) / ExactReals.Of(total)), LogMath.LogQuotient(part, total));
                    Assert.Equal(double.NegativeInfinity, LogMath.LogQuotient(0, total));
                },
                iter: 2000
            );

    [Fact]
    public void Sums_and_differences_of_exponentials_are_exact_to_rounding() =>
        Gen.Select(Gen.Double[-20, 20], Gen.Double[-20, 20], Gen.Double[-20, 20])
            .Sample(
                (a, b, c) =>
                {
                    double high = Math.Max(a, b),
                        low = Math.Min(a, b);
                    double Sum(params double[] values) => (double)ExactReals.Log(values.Sum(x => 1 + ExactReals.Expm1(ExactReals.Of(x))));
                    Assert.Equal(Sum(a, b), LogMath.LogAddExp(a, b), 2e-14);
                    Assert.Equal(Sum(a, b, c), LogMath.LogSumExp([a, b, c]), 2e-14);
                    if (high - low > 1e-3)
                        Assert.Equal(
                            (double)ExactReals.Log(ExactReals.Expm1(ExactReals.Of(high)) - ExactReals.Expm1(ExactReals.Of(low))),
                            LogMath.LogSubExp(high, low),
                            1e-11
                        );
                },
                iter: 2000
            );

    [Fact]
    public void Nothing_is_minus_infinity_and_adds_nothing()
    {
        const double None = double.NegativeInfinity;
        Assert.Equal(None, LogMath.Log1p(-1));
        Assert.Equal(None, LogMath.Log1mExp(0));
        Assert.Equal(0, LogMath.Log1mExp(double.PositiveInfinity));
        Assert.Equal((None, -3, -3), (LogMath.LogAddExp(None, None), LogMath.LogAddExp(None, -3), LogMath.LogAddExp(-3, None)));
        Assert.Equal(double.PositiveInfinity, LogMath.LogAddExp(double.PositiveInfinity, 1));
        Assert.Equal((None, -3, None), (LogMath.LogSubExp(None, None), LogMath.LogSubExp(-3, None), LogMath.LogSubExp(-3, -3)));
        Assert.Equal((None, None), (LogMath.LogSumExp([]), LogMath.LogSumExp([None, None])));
        Assert.Equal(-2.5, LogMath.LogSumExp([None, -2.5]));
        Assert.Equal(-1000 + Math.Log(2), LogMath.LogSumExp([-1000, -1000]));
        Assert.Equal((1000, double.PositiveInfinity), (LogMath.LogExpm1(1000), LogMath.Log1p(double.PositiveInfinity)));
    }

    [Fact]
    public void What_has_no_logarithm_is_refused_by_name()
    {
        foreach (double x in new[] { Math.BitDecrement(-1), double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(x), () => LogMath.Log1p(x));
        foreach (double x in new[] { -double.Epsilon, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(x), () => LogMath.Log1mExp(x));
        foreach ((double a, double b) in new (double, double)[] { (-3, Math.BitIncrement(-3.0)), (double.NaN, 1), (1, double.NaN) })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(b), () => LogMath.LogSubExp(a, b));
    }

    /// <summary>Within so many units of the value's own last place, and of that of another size where the formula passes it.</summary>
    private static void AssertExact(decimal expected, double actual, double units = 4, double size = 0)
    {
        double truth = (double)expected;
        Assert.Equal(truth, actual, units * Rounding * Math.Max(Math.Abs(truth), size) + 1e-27);
    }
}
