using CsCheck;
using VariationalBoN.Numerics;

namespace VariationalBoN.Tests.Numerics;

[Trait("Tier", "fast")]
public sealed class SamplePlannerTests
{
    private const int Cases = 100_000;
    private static readonly Gen<double> s_n = Gen.Double[0, Math.Log(1e4)].Select(Math.Exp);
    private static readonly Gen<double> s_nats = Gen.Double[Math.Log(1e-3), Math.Log(2)].Select(Math.Exp);
    private static readonly Gen<int> s_samples = Gen.Double[0, Math.Log(1e6)].Select(x => (int)Math.Exp(x));

    /// <summary>math.md, "How large must M be": N / (4 M) in short.</summary>
    [Theory]
    [InlineData(4, 64, 0.0134)]
    [InlineData(16, 64, 0.0605)]
    [InlineData(16, 256, 0.0151)]
    [InlineData(32, 32, 0.246)]
    [InlineData(64, 2048, 0.0078)]
    [InlineData(1, 7, 0)]
    public void Published_errors_come_out(double n, int samples, double kl) =>
        Assert.Equal(kl, SamplePlanner.ExpectedKl(n, samples), 5e-4 * (kl > 0.1 ? 1 : 0.1));

    /// <summary>The code of docs/how-many-samples.md, and a row of its table.</summary>
    [Fact]
    public void The_documentation_plans_so()
    {
        // snippet: planner
        int samples = SamplePlanner.SamplesPerPrompt(n: 16, nats: 0.05); // M for N at an error: 78
        double error = SamplePlanner.ExpectedKl(n: 16, samplesPerPrompt: 256); // the error for N and M: 0.015 nats
        double largest = SamplePlanner.MaxN(samplesPerPrompt: 256, nats: 0.05); // N for M at an error: 51.7
        string? warning = SamplePlanner.Warning(n: 256, samplesPerPrompt: 64); // what to do about too few samples
        // end snippet

        Assert.Equal(78, samples);
        Assert.Equal(0.015, error, 5e-4);
        Assert.Equal(51.7, largest, 0.05);
        Assert.Contains("few for N = 256", warning);
        Assert.Equal([19, 38, 94, 187], ((double[])[0.1, 0.05, 0.02, 0.01]).Select(nats => SamplePlanner.SamplesPerPrompt(8, nats)));
    }

    [Fact]
    public void The_plan_is_the_fewest_samples_that_will_do() =>
        Gen.Select(s_n, s_nats)
            .Sample(
                (n, nats) =>
                {
                    int samples = SamplePlanner.SamplesPerPrompt(n, nats);
                    return SamplePlanner.ExpectedKl(n, samples) <= nats
                        && samples >= n / 2
                        && (samples == 1 || samples - 1 < n / 2 || SamplePlanner.ExpectedKl(n, samples - 1) > nats * (1 - 1e-12));
                },
                iter: Cases
            );

    [Fact]
    public void The_largest_N_is_where_the_error_is_reached() =>
        Gen.Select(s_samples, s_nats)
            .Sample(
                (samples, nats) =>
                {
                    double n = SamplePlanner.MaxN(samples, nats);
                    return n >= 1
                        && n <= 2.0 * samples
                        && (
                            n == 2.0 * samples
                                ? SamplePlanner.ExpectedKl(n, samples) <= nats * (1 + 1e-9)
                                : Math.Abs(SamplePlanner.ExpectedKl(n, samples) - nats) <= 1e-9 * nats
                        );
                },
                iter: Cases
            );

    [Fact]
    public void The_error_rises_with_N_falls_with_M_and_is_near_N_over_4_M() =>
        Gen.Select(s_n, Gen.Double[1, 3], s_samples)
            .Sample(
                (n, factor, samples) =>
                {
                    double kl = SamplePlanner.ExpectedKl(n, samples);
                    return SamplePlanner.ExpectedKl(n * factor, samples) >= kl * (1 - 1e-14)
                        && SamplePlanner.ExpectedKl(n, samples + 1) <= kl
                        && kl <= n / 4 / samples
                        && kl >= (n - 1) / 4 / samples * (1 - 1e-14);
                },
                iter: Cases
            );

    [Fact]
    public void The_warning_is_that_of_the_error_and_holds_whenever_N_exceeds_2_M() =>
        Gen.Select(s_n, s_samples)
            .Sample(
                (n, samples) =>
                    SamplePlanner.Warning(n, samples) is null == (SamplePlanner.ExpectedKl(n, samples) <= SamplePlanner.MaxGoodKl)
                    && (n <= 2.0 * samples || SamplePlanner.Warning(n, samples) is not null),
                iter: Cases
            );

    [Fact]
    public void The_warning_says_what_to_do_and_doing_it_silences_it()
    {
        string warning = SamplePlanner.Warning(64, 32)!;

        Assert.Contains("M = 32 reference rewards are few for N = 64", warning);
        Assert.Contains("0.50 nats", warning);
        Assert.Contains("at least 159 samples", warning);
        Assert.Contains("N of at most 13", warning);
        Assert.Null(SamplePlanner.Warning(64, 159));
        Assert.NotNull(SamplePlanner.Warning(64, 158));
        Assert.Null(SamplePlanner.Warning(13, 32));
        Assert.NotNull(SamplePlanner.Warning(14, 32));
        Assert.Contains("more than 2.", SamplePlanner.Warning(256, 32));
    }

    [Fact]
    public void Arguments_out_of_range_are_named()
    {
        foreach (double n in (double[])[0.5, double.NaN, double.PositiveInfinity])
        {
            Assert.Equal("n", Assert.Throws<ArgumentOutOfRangeException>(() => SamplePlanner.ExpectedKl(n, 5)).ParamName);
            Assert.Throws<ArgumentOutOfRangeException>(() => SamplePlanner.SamplesPerPrompt(n, 0.1));
            Assert.Throws<ArgumentOutOfRangeException>(() => SamplePlanner.Warning(n, 5));
        }

        Assert.Contains("at least 1", Assert.Throws<ArgumentOutOfRangeException>(() => SamplePlanner.ExpectedKl(4, 0)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => SamplePlanner.MaxN(0, 0.1));
        foreach (double nats in (double[])[0, -1, double.NaN, double.PositiveInfinity])
            Assert.Contains("above 0", Assert.Throws<ArgumentOutOfRangeException>(() => SamplePlanner.SamplesPerPrompt(4, nats)).Message);
        Assert.Contains(
            "samples for each prompt",
            Assert.Throws<ArgumentOutOfRangeException>(() => SamplePlanner.SamplesPerPrompt(1e6, 1e-9)).Message
        );
    }
}
