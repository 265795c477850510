using MathNet.Numerics.Distributions;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

[Trait("Tier", "fast")]
public sealed class ClopperPearsonIntervalTests
{
    [Theory]
    [InlineData(7, 10, 0.3475, 0.9333)]
    [InlineData(0, 10, 0, 0.3085)]
    [InlineData(10, 10, 0.6915, 1)]
    public void Published_intervals_come_out(int successes, int trials, double lower, double upper)
    {
        Interval interval = ClopperPearsonInterval.Of(successes, trials);

        Assert.Equal(lower, interval.Lower, 1e-4);
        Assert.Equal(upper, interval.Upper, 1e-4);
    }

    /// <summary>At its lower end k or more successes have probability a / 2, at its upper end k or fewer:
    /// the tests that the interval inverts.</summary>
    [Theory]
    [InlineData(1, 1, 0.95)]
    [InlineData(3, 17, 0.9)]
    [InlineData(255, 256, 0.99)]
    [InlineData(9990, 10_000, 0.95)]
    public void Ends_are_where_the_exact_tests_reject(int successes, int trials, double confidence)
    {
        Interval interval = ClopperPearsonInterval.Of(successes, trials, confidence);

        Assert.Equal(
            (1 - confidence) / 2,
            Enumerable.Range(successes, trials - successes + 1).Sum(k => Binomial.PMF(interval.Lower, trials, k)),
            1e-7
        );
        if (successes < trials)
            Assert.Equal(
                (1 - confidence) / 2,
                1 - Enumerable.Range(successes + 1, trials - successes).Sum(k => Binomial.PMF(interval.Upper, trials, k)),
                1e-7
            );
    }

    /// <summary>Exact coverage by the binomial distribution: never below 95 %, whatever F.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(30)]
    public void Intervals_never_cover_less_than_they_say(int trials)
    {
        Interval[] intervals = [.. Enumerable.Range(0, trials + 1).Select(k => ClopperPearsonInterval.Of(k, trials))];

        Assert.All(
            Enumerable.Range(1, 199).Select(i => i / 200.0),
            p =>
                Assert.InRange(
                    Enumerable.Range(0, trials + 1).Where(k => intervals[k].Contains(p)).Sum(k => Binomial.PMF(p, trials, k)),
                    0.95 - 1e-9,
                    1 + 1e-9
                )
        );
    }

    [Fact]
    public void Arguments_out_of_range_are_named()
    {
        Assert.Contains("0 to 10", Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearsonInterval.Of(11, 10)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearsonInterval.Of(-1, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearsonInterval.Of(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearsonInterval.Of(1, 2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ClopperPearsonInterval.Of(1, 2, double.NaN));
    }
}
