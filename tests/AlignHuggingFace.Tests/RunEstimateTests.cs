namespace AlignHuggingFace.Tests;

[Trait("Tier", "fast")]
public sealed class RunEstimateTests
{
    private const long Gibibyte = 1L << 30;

    [Fact]
    public void Seconds_are_what_is_left_to_do_times_what_it_costs()
    {
        var costs = new Costs(
            TokensPerSecond: 100,
            ReferenceSample: 0.5,
            Forward: 0.125,
            Step: 3,
            PeakBytes: 1,
            HeldBytes: 1,
            WeightBytes: 1
        );
        var estimate = new RunEstimate(costs, new Work(ReferenceSamples: 1000, Steps: 200, HeldOutCompletions: 320, Judges: 1));
        Assert.Equal(500, estimate.ReferenceSeconds);
        Assert.Equal(600, estimate.TrainingSeconds);
        Assert.Equal(2 * 320 * (0.5 + (3 * 0.125)), estimate.EvaluationSeconds);
        Assert.Equal(500 + 600 + estimate.EvaluationSeconds, estimate.Seconds);

        var second = new RunEstimate(costs, estimate.Work with { Judges = 2, ReferenceSamples = 0, Steps = 0 });
        Assert.Equal(2 * 320 * (1 + (3 * 0.125)), second.Seconds);
    }

    [Theory]
    [InlineData(5, 2, 1, 5)]
    [InlineData(5, 2, 4, 6)]
    public void Memory_is_that_of_the_longest_step_or_of_saving(long peak, long held, long weights, long expected) =>
        Assert.Equal(
            expected * Gibibyte,
            new RunEstimate(new Costs(1, 1, 1, 1, peak * Gibibyte, held * Gibibyte, weights * Gibibyte), new Work(1, 1, 1, 1)).PeakBytes
        );

    [Fact]
    public void Times_are_written_in_units_that_can_be_read()
    {
        string text = new RunEstimate(new Costs(12.4, 1, 0, 10, Gibibyte / 2, 0, 0), new Work(89, 360, 0, 1)).ToString();
        foreach (string part in new[] { "12 tokens a second", "about 89 s (89 samples)", "about 60 min (360 steps of 10.00 s)", "0.5 GiB" })
            Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.Contains(
            "2.0 h",
            new RunEstimate(new Costs(1, 1, 0, 10, 1, 1, 1), new Work(0, 720, 0, 1)).ToString(),
            StringComparison.Ordinal
        );
    }
}
