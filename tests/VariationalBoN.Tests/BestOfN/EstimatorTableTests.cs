using System.Globalization;
using CsCheck;
using MathNet.Numerics;
using MathNet.Numerics.Distributions;
using VariationalBoN.BestOfN;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>Bias and error of every estimator of log F and of the ratio, by summing over all counts k;
/// those that the library does not ship stand here.</summary>
[Trait("Tier", "fast")]
public sealed class EstimatorTableTests
{
    /// <summary>Bias / root mean square error of log F, to the digits printed: columns (k + 1) / (M + 1), (k + 1/2) / (M + 1), (k + 1/2) /
    /// (M + 1/2), psi(k + 1) - psi(M + 2), H_k - H_M.</summary>
    [Theory]
    [InlineData(32, .05, "3e-1/6e-1", "3e-2/7e-1", "5e-2/7e-1", "5e-2/7e-1", "8e-2/7e-1")]
    [InlineData(32, .5, "1.5e-2/1.7e-1", "-1.5e-2/1.8e-1", "-1e-4/1.8e-1", "-3e-2/1.8e-1", "7e-12/1.8e-1")]
    [InlineData(32, .99, "1.5e-4/1.7e-2", "-1.5e-2/2.3e-2", "-8e-7/1.8e-2", "-3e-2/3.5e-2", "0/1.8e-2")]
    [InlineData(100, .5, "5e-3/9.9e-2", "-5e-3/1e-1", "-1e-5/1e-1", "-1e-2/1e-1", "0/1e-1")]
    [InlineData(100, .99, "5e-5/1e-2", "-5e-3/1.1e-2", "-8.5e-8/1e-2", "-1e-2/1.4e-2", "0/1e-2")]
    [InlineData(300, .9, "1.8e-4/1.9e-2", "-1.7e-3/1.9e-2", "-1e-7/1.9e-2", "-3e-3/2e-2", "0/1.9e-2")]
    [InlineData(1000, .999, "5e-7/1e-3", "-5e-4/1.1e-3", "-8e-11/1e-3", "-1e-3/1.4e-3", "0/1e-3")]
    public void Bias_and_error_of_log_F(int m, double f, params string[] published)
    {
        var cdf = Ranks(m);
        Func<int, double>[] estimators =
        [
            k => cdf.LogLaplace(k - 0.5),
            k => Math.Log((k + 0.5) / (m + 1)),
            k => SpecialFunctions.Log1p((k - m) / (m + 0.5)),
            k => SpecialFunctions.DiGamma(k + 1) - SpecialFunctions.DiGamma(m + 2),
            k => cdf.LogHarmonic(k - 0.5),
        ];
        for (int i = 0; i < estimators.Length; i++)
        {
            string[] numbers = published[i].Split('/');
            AssertPrinted(numbers[0], Mean(m, f, k => estimators[i](k) - Math.Log(f)));
            AssertPrinted(numbers[1], Math.Sqrt(Mean(m, f, k => Math.Pow(estimators[i](k) - Math.Log(f), 2))));
        }
    }

    /// <summary>E[H_k - H_M] is the Taylor polynomial of log F of degree M at 1, for every M and F.</summary>
    [Fact]
    public void The_harmonic_estimator_has_the_mean_of_a_Taylor_polynomial() =>
        Gen.Select(Gen.Int[1, 12], Gen.Double[0.001, 1])
            .Sample(
                (m, f) =>
                {
                    double polynomial = -Enumerable.Range(1, m).Sum(j => Math.Pow(1 - f, j) / j),
                        bias = polynomial - Math.Log(f);
                    return Math.Abs(Mean(m, f, k => s_ranks[m].LogHarmonic(k - 0.5)) - polynomial) < 1e-12
                        && bias >= -1e-12
                        && bias <= (Math.Pow(1 - f, m + 1) / ((m + 1) * f)) + 1e-12;
                },
                iter: 100_000
            );

    /// <summary>The bias and the variance that <see cref="RatioEstimator"/> states, to first order in 1 / M:
    /// N = 8, M = 1,000, F = 0.8 and 0.95.</summary>
    [Theory]
    [InlineData(RatioEstimator.SelfInclusive, 0.8, -7.0 / 2000)]
    [InlineData(RatioEstimator.SelfInclusive, 0.95, -7.0 / 2000)]
    [InlineData(RatioEstimator.SingleAtom, 0.8, 7 * 0.2 / (2000 * 0.8))]
    [InlineData(RatioEstimator.SingleAtom, 0.95, 7 * 0.05 / (2000 * 0.95))]
    [InlineData(RatioEstimator.Harmonic, 0.8, 0)]
    [InlineData(RatioEstimator.Harmonic, 0.95, 0)]
    public void Bias_and_variance_of_the_ratio_are_as_stated(RatioEstimator estimator, double f, double bias)
    {
        const int M = 1000,
            N = 8;
        double[] ratios = Ratios(M, N, estimator);
        double truth = Math.Log(N) + ((N - 1) * Math.Log(f)),
            variance = (N - 1) * (N - 1) * (1 - f) / (M * f);

        Assert.Equal(bias, Mean(M, f, k => ratios[k] - truth), 6e-5);
        Assert.Equal(variance, Mean(M, f, k => Math.Pow(ratios[k] - truth, 2)), 0.02 * variance);
    }

    /// <summary>Mean of exp(log-ratio) over the ranks k = 0..M, which is N E Z:
    /// exactly 1 for the self-inclusive and the Polya estimator, too much for the others.</summary>
    [Theory]
    [InlineData(32, 16, 1.261, 1.246, 1.231)]
    [InlineData(8, 4, 1.235, 1.181, 1.125)]
    public void Normalisers_come_out(int m, int n, double laplace, double harmonic, double plugIn)
    {
        double Mean(Func<int, double> logRatio) => Enumerable.Range(0, m + 1).Average(k => Math.Exp(logRatio(k)));

        Assert.Equal(laplace, Mean(k => Ratios(m, n, RatioEstimator.SingleAtom)[k]), 6e-4);
        Assert.Equal(harmonic, Mean(k => Ratios(m, n, RatioEstimator.Harmonic)[k]), 6e-4);
        Assert.Equal(plugIn, Mean(k => Math.Log(n) + ((n - 1) * Math.Log(k / (double)m))), 6e-4);
        Assert.Equal(1, Mean(k => Ratios(m, n, RatioEstimator.SelfInclusive)[k]), 1e-12);
        Assert.Equal(1, Mean(k => Polya(m, k, n)), 1e-12);
    }

    /// <summary>C(k, N - 1) / C(M, N - 1) has mean F^(N - 1), and is zero for k below N - 1: no use inside a logarithm.</summary>
    [Fact]
    public void The_unbiased_power_is_unbiased() =>
        Gen.Select(Gen.Int[1, 12], Gen.Int[1, 12], Gen.Double[0, 1])
            .Sample(
                (m, n, f) =>
                    n - 1 > m
                    || Math.Abs(
                        Mean(m, f, k => SpecialFunctions.Binomial(k, n - 1) / SpecialFunctions.Binomial(m, n - 1)) - Math.Pow(f, n - 1)
                    ) < 1e-11,
                iter: 100_000
            );

    internal static double Polya(int m, int k, int n) =>
        Math.Log(n) + Enumerable.Range(1, n - 1).Sum(j => Math.Log((k + j) / (m + 1.0 + j)));

    /// <summary>The log-ratio for k = 0..M continuous rewards below, of a completion of no weight.</summary>
    internal static double[] Ratios(int m, double n, RatioEstimator estimator)
    {
        var distribution = new EmpiricalBoNDistribution(new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = Ranks(m) }, n, estimator);
        return
        [
            .. Enumerable
                .Range(0, m + 1)
                .Select(k => distribution.LogRatio(new ScoredCompletion(new Completion { Prompt = "x", Text = "" }, k - 0.5, -1e4))),
        ];
    }

    private static readonly EmpiricalRewardCdf[] s_ranks = [.. Enumerable.Range(0, 13).Select(m => Ranks(Math.Max(1, m)))];

    /// <summary>Rewards 0..M - 1, so that k of them lie below k - 1/2.</summary>
    private static EmpiricalRewardCdf Ranks(int m) => new(Enumerable.Range(0, m).Select(i => (double)i));

    /// <summary>E f(k), k ~ Binomial(M, F).</summary>
    private static double Mean(int m, double f, Func<int, double> value) =>
        Enumerable.Range(0, m + 1).Sum(k => Binomial.PMF(f, m, k) is var p and > 0 ? p * value(k) : 0);

    /// <summary>Equal to half a unit of the last digit printed; what is printed as 0 is below 1e-12.</summary>
    private static void AssertPrinted(string printed, double actual)
    {
        string mantissa = printed.Split('e')[0];
        int decimals = mantissa.Contains('.', StringComparison.Ordinal)
            ? mantissa.Length - mantissa.IndexOf('.', StringComparison.Ordinal) - 1
            : 0;
        double unit = printed == "0" ? 2e-12 : Math.Pow(10, int.Parse(printed.Split('e')[1], CultureInfo.InvariantCulture) - decimals);
        Assert.Equal(double.Parse(printed, CultureInfo.InvariantCulture), actual, 0.501 * unit);
    }
}
