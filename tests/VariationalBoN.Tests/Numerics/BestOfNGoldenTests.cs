using System.Text.Json;
using VariationalBoN.Numerics;
using VariationalBoN.Tests.Golden;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Every golden row within its own tolerance.</summary>
[Trait("Tier", "fast")]
public sealed class BestOfNGoldenTests
{
    private const double Rounding = 4.0 / (1L << 53);

    [Fact]
    public void Log_density_ratio_and_bounds_are_golden()
    {
        int rows = 0;
        foreach (JsonElement row in GoldenFile.Rows("golden_log_bon_public.jsonl"))
        {
            double n = row.Number("n"),
                logF = row.Number("logF"),
                logP = row.Number("logP"),
                tolerance = row.Number("tol");
            GoldenFile.AssertClose(row.Number("logBoN"), BestOfNMath.LogDensity(logP, logF, n), tolerance, $"log density of {row}");
            GoldenFile.AssertClose(row.Number("logRatio"), BestOfNMath.LogRatio(logP, logF, n), tolerance, $"log ratio of {row}");

            // The tolerance is that of the density; a bound far from it has the rounding of its own size as well.
            double lower = row.Number("lower"),
                upper = row.Number("upper");
            GoldenFile.AssertClose(
                lower,
                BestOfNMath.LogDensityLowerBound(logP, logF, n),
                tolerance + (Rounding * Math.Abs(lower)),
                $"lower bound of {row}"
            );
            GoldenFile.AssertClose(
                upper,
                BestOfNMath.LogDensityUpperBound(logP, logF, n),
                tolerance + (Rounding * Math.Abs(upper)),
                $"upper bound of {row}"
            );
            rows++;
        }

        Assert.Equal(200, rows);
    }

    [Fact]
    public void Ratios_with_ties_are_golden()
    {
        int rows = 0;
        foreach (JsonElement row in GoldenFile.Rows("golden_ties_public.jsonl"))
        {
            double ratio = BestOfNMath.LogRatioWithTies(row.Number("logFlt"), row.Number("logFle"), row.Number("n"));
            GoldenFile.AssertClose(row.Number("logRatio"), ratio, row.Number("tol"), $"log ratio of {row}");
            GoldenFile.AssertClose(row.Number("logBoN"), row.Number("logP") + ratio, row.Number("tol"), $"log density of {row}");
            rows++;
        }

        Assert.Equal(60, rows);
    }

    [Fact]
    public void Expected_maxima_are_golden()
    {
        int rows = 0;
        foreach (JsonElement row in GoldenFile.Rows("golden_expected_max_public.jsonl"))
        {
            double[] rewards = [.. row.GetProperty("rewards").EnumerateArray().Select(value => value.GetDouble()).Order()];
            int n = row.GetProperty("n").GetInt32();
            double expected = row.Number("expectedMax"),
                scale = Math.Max(Math.Abs(expected), rewards.Max(Math.Abs));
            GoldenFile.AssertClose(expected, ExpectedMax.Of(rewards, n), 1e-13 * scale, $"expected maximum of {n} of {rewards.Length}");
            GoldenFile.AssertClose(
                expected,
                ExpectedMax.Curve(rewards)[n - 1],
                1e-13 * scale,
                $"point {n} of the curve of {rewards.Length}"
            );
            rows++;
        }

        Assert.Equal(43, rows);
    }
}
