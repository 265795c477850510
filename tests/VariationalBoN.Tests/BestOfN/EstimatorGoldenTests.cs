using System.Text.Json;
using MathNet.Numerics;
using VariationalBoN.BestOfN;
using VariationalBoN.Tests.Golden;

namespace VariationalBoN.Tests.BestOfN;

/// <summary>Estimators of log F and of the log-ratio from k of M rewards below; those that the library does not ship stand here.</summary>
[Trait("Tier", "fast")]
public sealed class EstimatorGoldenTests
{
    [Fact]
    public void Estimators_are_golden()
    {
        int rows = 0;
        foreach (JsonElement row in GoldenFile.Rows("golden_logf_estimators_public.jsonl"))
        {
            int m = row.GetProperty("M").GetInt32(),
                k = row.GetProperty("k").GetInt32();
            double n = row.Number("n");
            var cdf = new EmpiricalRewardCdf(Enumerable.Range(0, m).Select(i => (double)i));
            double reward = k - 0.5; // k rewards below, none equal
            var distribution = new EmpiricalBoNDistribution(new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = cdf }, n);
            var harmonic = new EmpiricalBoNDistribution(
                new Dictionary<Prompt, EmpiricalRewardCdf> { ["x"] = cdf },
                n,
                RatioEstimator.Harmonic
            );
            var completion = new ScoredCompletion(new Completion { Prompt = "x", Text = "" }, reward, -30);

            Close("laplace", cdf.LogLaplace(reward), 1e-12);
            Close("harmonic", cdf.LogHarmonic(reward), 1e-12);
            GoldenFile.AssertClose(
                Math.Log(n) + ((n - 1) * row.Number("harmonic")),
                harmonic.LogRatio(completion),
                1e-12 * n,
                "the ratio of the harmonic estimator"
            );
            Assert.Equal(new LogCdfPair(cdf.LogHarmonic(reward), cdf.LogHarmonic(reward)), harmonic.LogCdf("x", reward));
            Close("logRatioSelfInclusive", distribution.LogRatio(completion), 1e-12);
            Close("half", k + 0.5 < m / 2.0 ? Math.Log((k + 0.5) / (m + 0.5)) : SpecialFunctions.Log1p(-(m - k) / (m + 0.5)), 1e-12);
            Close("betaMean", SpecialFunctions.DiGamma(k + 1) - SpecialFunctions.DiGamma(m + 2), 1e-12);
            Close("logRatioPolya", Polya(m, k, n), 1e-9);
            rows++;

            void Close(string name, double actual, double tolerance) =>
                GoldenFile.AssertClose(
                    row.Number(name),
                    actual,
                    tolerance * (1 + Math.Abs(row.Number(name))),
                    $"{name} of M = {m}, k = {k}, N = {n}"
                );
        }

        Assert.Equal(26, rows);
    }

    /// <summary>log E[N U^(N - 1) | k] with U ~ Beta(k + 1, M - k + 1).</summary>
    private static double Polya(int m, int k, double n) =>
        Math.Log(n)
        + SpecialFunctions.GammaLn(k + n)
        - SpecialFunctions.GammaLn(k + 1)
        - SpecialFunctions.GammaLn(m + n + 1)
        + SpecialFunctions.GammaLn(m + 2);
}
