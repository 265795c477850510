using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "fast")]
public sealed class ReferenceTableProgressTests
{
    private static readonly ReferenceTableProgress s_progress = new()
    {
        Prompts = 100,
        PromptsDone = 20,
        Samples = 25_600,
        SamplesDone = 5_120,
        SamplesFound = 1_024,
        Elapsed = TimeSpan.FromSeconds(48),
    };

    [Fact]
    public void Rate_counts_what_this_run_drew_and_the_rest_follows_from_it()
    {
        Assert.Equal(0.2, s_progress.Share);
        Assert.Equal(4096 / 48.0, s_progress.SamplesPerSecond, 1e-12);
        Assert.Equal(240, s_progress.Remaining!.Value.TotalSeconds, 1e-6);
        Assert.Equal("5,120 of 25,600 samples (1,024 found), 85.3 a second, 0:04:00 left", s_progress.ToString());
        Assert.Equal(
            "5,120 of 25,600 samples (1,024 found), 3 excluded, 85.3 a second, 0:04:00 left",
            (s_progress with { Excluded = 3 }).ToString()
        );
    }

    [Fact]
    public void Before_the_first_batch_nothing_is_said_of_time()
    {
        var start = s_progress with { SamplesDone = 1_024 };
        Assert.Equal(0, start.SamplesPerSecond);
        Assert.Null(start.Remaining);
        Assert.Equal("1,024 of 25,600 samples (1,024 found)", start.ToString());
    }
}
