using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

[Trait("Tier", "fast")]
public sealed class WilsonIntervalTests
{
    [Theory]
    [InlineData(7, 10, 0.3968, 0.8922)]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(10, 10, 0.7225, 1)]
    public void Published_intervals_come_out(double successes, int trials, double lower, double upper)
    {
        Interval interval = WilsonInterval.Of(successes, trials);

        Assert.Equal(lower, interval.Lower, 1e-4);
        Assert.Equal(upper, interval.Upper, 1e-4);
    }

    [Fact]
    public void None_and_all_end_at_0_and_1_without_rounding()
    {
        for (int trials = 1; trials <= 100; trials++)
        {
            Assert.Equal(0, WilsonInterval.Of(0, trials).Lower);
            Assert.Equal(1, WilsonInterval.Of(trials, trials).Upper);
        }
    }

    /// <summary>The ends solve |p' - p| = z sqrt(p' (1 - p') / n), the equation that the interval inverts.</summary>
    [Theory]
    [InlineData(3, 17, 0.9, 1.6448536269514722)]
    [InlineData(2.5, 8, 0.99, 2.5758293035489004)]
    public void Ends_solve_the_equation_of_the_score_test(double successes, int trials, double confidence, double z)
    {
        Interval interval = WilsonInterval.Of(successes, trials, confidence);

        foreach (double end in (double[])[interval.Lower, interval.Upper])
            Assert.Equal(Math.Abs(end - (successes / trials)), z * Math.Sqrt(end * (1 - end) / trials), 1e-12);
    }

    /// <summary>Exact coverage by the binomial distribution, n = 30:
    /// on average over p close to 95 %, never below 92 % for p from 0.1 to 0.9.</summary>
    [Fact]
    public void Intervals_cover()
    {
        const int Trials = 30;
        double[] coverage =
        [
            .. Enumerable
                .Range(0, 81)
                .Select(i => 0.1 + (i * 0.01))
                .Select(p =>
                    Enumerable
                        .Range(0, Trials + 1)
                        .Where(k => WilsonInterval.Of(k, Trials).Contains(p))
                        .Sum(k => MathNet.Numerics.Distributions.Binomial.PMF(p, Trials, k))
                ),
        ];

        Assert.InRange(coverage.Average(), 0.945, 0.96);
        Assert.InRange(coverage.Min(), 0.92, 1);
    }

    [Fact]
    public void Arguments_out_of_range_are_named()
    {
        Assert.Contains("0 to 10", Assert.Throws<ArgumentOutOfRangeException>(() => WilsonInterval.Of(11, 10)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => WilsonInterval.Of(double.NaN, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => WilsonInterval.Of(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => WilsonInterval.Of(1, 2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => WilsonInterval.Of(1, 2, double.NaN));
    }
}
