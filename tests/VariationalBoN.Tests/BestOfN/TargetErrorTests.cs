using MathNet.Numerics.Distributions;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>
/// How far the distribution that M rewards give is from Best-of-N:
/// continuous rewards, so that F is uniform under the reference; each simulated table is integrated exactly.
/// </summary>
[Trait("Tier", "fast")]
public sealed class TargetErrorTests
{
    /// <summary>The table of docs/how-many-samples.md: mean KL(estimate || truth) and standard deviation of log N Z over tables, seeds 0,
    /// 1, ..., within 4 standard errors of what is printed.</summary>
    [Theory]
    [InlineData(4, 64, 4000, .0134, .140)]
    [InlineData(16, 64, 4000, .0602, .329)]
    [InlineData(16, 256, 1000, .0152, .169)]
    [InlineData(32, 32, 4000, .247, .658)]
    [InlineData(64, 2048, 200, .0078, .124)]
    public void Simulated_errors_come_out(int n, int m, int tables, double kl, double normaliser)
    {
        Table[] simulated = Simulate(n, m, tables, EstimatorTableTests.Ratios(m, n, RatioEstimator.Harmonic));
        var forward = Estimate.FromObservations(simulated.Select(table => table.Kl));
        var backward = Estimate.FromObservations(simulated.Select(table => table.KlFromTruth));

        AssertNear(kl, forward, 0.01 * kl);
        AssertNear(SamplePlanner.ExpectedKl(n, m), forward, 0.03 * kl);
        AssertNear(SamplePlanner.ExpectedKl(n, m), backward, 0.08 * kl);
        double mean = simulated.Average(table => table.LogNormaliser),
            deviation = Math.Sqrt(simulated.Average(table => Math.Pow(table.LogNormaliser - mean, 2)));
        Assert.InRange(deviation, normaliser * (1 - (3.5 / Math.Sqrt(tables))), normaliser * (1 + (3.5 / Math.Sqrt(tables))));
    }

    /// <summary>N = 16, M = 32, 4,000 tables: as targets the named estimators cannot be told apart;
    /// Polya shrinks and is worse in KL and win rate.</summary>
    [Fact]
    public void Estimators_differ_little_as_targets()
    {
        (double Kl, double WinRate) Of(double[] ratios)
        {
            Table[] tables = Simulate(16, 32, 4000, ratios);
            return (tables.Average(table => table.Kl), tables.Average(table => table.WinRate));
        }

        var named = Enum.GetValues<RatioEstimator>().Select(estimator => Of(EstimatorTableTests.Ratios(32, 16, estimator))).ToArray();
        var polya = Of([.. Enumerable.Range(0, 33).Select(k => EstimatorTableTests.Polya(32, k, 16))]);

        Assert.All(named, one => Assert.Equal(.120, one.Kl, .004));
        Assert.All(named, one => Assert.Equal(named[0].Kl, one.Kl, .0015));
        Assert.All(named, one => Assert.Equal(.934, one.WinRate, .0015));
        Assert.Equal(.144, polya.Kl, .004);
        Assert.Equal(.922, polya.WinRate, .0015);
    }

    /// <summary>A binary reward of success probability 0.3, M = 64, summed over all counts:
    /// ties need far fewer samples than the formula says.</summary>
    [Theory]
    [InlineData(4, .0024)]
    [InlineData(16, .0028)]
    public void Ties_make_the_error_smaller(int n, double expected)
    {
        const int M = 64;
        const double Success = 0.3;
        double kl = Enumerable
            .Range(0, M + 1)
            .Sum(failures =>
            {
                double fail = Math.Exp(new RankCounts(0, failures, M).LogRatio(RatioEstimator.SelfInclusive, -1, n)) * (1 - Success);
                double succeed = Math.Exp(new RankCounts(failures, M, M).LogRatio(RatioEstimator.SelfInclusive, -1, n)) * Success,
                    share = fail / (fail + succeed);
                double truth = Math.Pow(1 - Success, n);
                return Binomial.PMF(1 - Success, M, failures)
                    * ((share * Math.Log(share / truth)) + ((1 - share) * Math.Log((1 - share) / (1 - truth))));
            });

        Assert.Equal(expected, kl, 1e-4);
        Assert.True(kl < SamplePlanner.ExpectedKl(n, M) / 4);
    }

    /// <summary>M below N / 2 is of no use: N = 256, M = 32 gives 2.5 nats, 300 tables.</summary>
    [Fact]
    public void Too_few_samples_are_of_no_use() =>
        Assert.Equal(
            2.5,
            Simulate(256, 32, 300, EstimatorTableTests.Ratios(32, 256, RatioEstimator.Harmonic)).Average(table => table.Kl),
            .2
        );

    /// <summary>(N - 1) log F is off by sqrt((N - 1) / M), root mean square, for y ~ pi_bon: summed over k, integrated over F^N in 400
    /// steps; .2235 and .4574 were simulated.</summary>
    [Theory]
    [InlineData(16, 300, .2235)]
    [InlineData(64, 300, .4574)]
    public void Error_of_one_target_is_as_stated(int n, int m, double published)
    {
        var cdf = new EmpiricalRewardCdf(Enumerable.Range(0, m).Select(i => (double)i));
        double square = Enumerable
            .Range(0, 400)
            .Select(i => Math.Pow((i + 0.5) / 400, 1.0 / n))
            .Average(f =>
                Enumerable.Range(0, m + 1).Sum(k => Binomial.PMF(f, m, k) * Math.Pow((n - 1) * (cdf.LogHarmonic(k - 0.5) - Math.Log(f)), 2))
            );

        Assert.Equal(published, Math.Sqrt(square), 0.002);
        Assert.Equal(Math.Sqrt((n - 1.0) / m), Math.Sqrt(square), 0.002);
    }

    private static void AssertNear(double expected, Estimate actual, double printed) =>
        Assert.InRange(actual.Value, expected - (4 * actual.StandardError) - printed, expected + (4 * actual.StandardError) + printed);

    /// <summary>The estimate g = w_k / Z on the k-th gap between sorted uniform rewards, against the density N u^(N - 1): KL(g || bon),
    /// KL(bon || g), log N Z - log N and E_g[u].</summary>
    private static Table[] Simulate(int n, int m, int tables, double[] logRatios) =>
        [
            .. Enumerable
                .Range(0, tables)
                .Select(seed =>
                {
                    var random = new CounterRandom(seed, "table", 0);
                    double[] ends = [0, .. Enumerable.Range(0, m).Select(i => random.Uniform(i)).Order(), 1];
                    double normaliser = Sum((k, low, high) => Math.Exp(logRatios[k]) * (high - low));
                    double kl = Sum(
                        (k, low, high) =>
                            Math.Exp(logRatios[k])
                            / normaliser
                            * (((logRatios[k] - Math.Log(normaliser * n)) * (high - low)) - ((n - 1) * (Entropy(high) - Entropy(low))))
                    );
                    double fromTruth = Sum(
                        (k, low, high) =>
                            ((Math.Log(n) - logRatios[k] + Math.Log(normaliser)) * (Math.Pow(high, n) - Math.Pow(low, n)))
                            + ((n - 1) * (PowerEntropy(high, n) - PowerEntropy(low, n)))
                    );
                    double win = Sum((k, low, high) => Math.Exp(logRatios[k]) / normaliser * ((high * high) - (low * low)) / 2);
                    return new Table(kl, fromTruth, Math.Log(normaliser), win);

                    double Sum(Func<int, double, double, double> gap) => Enumerable.Range(0, m + 1).Sum(k => gap(k, ends[k], ends[k + 1]));
                }),
        ];

    /// <summary>The antiderivative of log u.</summary>
    private static double Entropy(double u) => u == 0 ? 0 : (u * Math.Log(u)) - u;

    /// <summary>The antiderivative of n u^(n - 1) log u.</summary>
    private static double PowerEntropy(double u, int n) => u == 0 ? 0 : Math.Pow(u, n) * (Math.Log(u) - (1.0 / n));

    private readonly record struct Table(double Kl, double KlFromTruth, double LogNormaliser, double WinRate);
}
