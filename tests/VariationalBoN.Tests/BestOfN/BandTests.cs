using CsCheck;
using MathNet.Numerics.Distributions;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>The bands of F against the tails of the binomial distribution.</summary>
[Trait("Tier", "fast")]
public sealed class BandTests
{
    [Fact]
    public void At_the_ends_of_a_band_the_count_has_half_of_what_the_confidence_leaves() =>
        Gen.Select(Gen.Int[-3, 3].Select(i => i / 2.0).Array[1, 12], Gen.Int[-4, 4].Select(i => i / 2.0), Gen.Double[0.5, 0.99])
            .Sample(
                (rewards, query, confidence) =>
                {
                    var cdf = new EmpiricalRewardCdf(rewards);
                    int below = rewards.Count(reward => reward < query),
                        atOrBelow = rewards.Count(reward => reward <= query);
                    AssertBand(cdf.BandBelow(query, confidence), below, rewards.Length, confidence);
                    AssertBand(cdf.BandAtOrBelow(query, confidence), atOrBelow, rewards.Length, confidence);
                    AssertLog(cdf.BandBelow(query, confidence), cdf.LogBandBelow(query, confidence));
                    AssertLog(cdf.BandAtOrBelow(query, confidence), cdf.LogBandAtOrBelow(query, confidence));
                },
                iter: 500
            );

    [Fact]
    public void The_confidence_is_95_percent_unless_said()
    {
        var cdf = new EmpiricalRewardCdf([1, 2, 2, 3]);
        Assert.Equal(cdf.BandBelow(2, 0.95), cdf.BandBelow(2));
        Assert.Equal(cdf.BandAtOrBelow(2, 0.95), cdf.BandAtOrBelow(2));
        Assert.Equal(cdf.LogBandBelow(2, 0.95), cdf.LogBandBelow(2));
        Assert.Equal(cdf.LogBandAtOrBelow(2, 0.95), cdf.LogBandAtOrBelow(2));
    }

    /// <summary>P(K at least k) at the lower end, and P(K at most k) at the upper one, are (1 - confidence) / 2.</summary>
    private static void AssertBand(Interval band, int count, int trials, double confidence)
    {
        double tail = (1 - confidence) / 2;
        if (count == 0)
            Assert.Equal(0, band.Lower);
        else
            Assert.Equal(tail, Enumerable.Range(count, trials - count + 1).Sum(k => Binomial.PMF(band.Lower, trials, k)), 1e-9);
        if (count == trials)
            Assert.Equal(1, band.Upper);
        else
            Assert.Equal(tail, Enumerable.Range(0, count + 1).Sum(k => Binomial.PMF(band.Upper, trials, k)), 1e-9);
    }

    private static void AssertLog(Interval band, Interval log) =>
        Assert.Equal(new Interval(Math.Log(band.Lower), Math.Log(band.Upper)), log);
}
