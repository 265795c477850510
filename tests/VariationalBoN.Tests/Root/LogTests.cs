using Microsoft.Extensions.Logging;
using VariationalBoN.References;
using VariationalBoN.Tests.References;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Root;

/// <summary>What the library says goes to the logger that it is given, with names and values, and nowhere else.</summary>
[Trait("Tier", "torch")]
public sealed class LogTests
{
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");

    [Fact]
    public async Task Progress_of_an_estimation_is_told_to_the_log_as_it_is_to_a_bar()
    {
        var lines = new List<LogLine>();
        var shown = new List<ReferenceTableProgress>();
        var options = new ReferenceTableOptions
        {
            SamplesPerPrompt = 8,
            Seed = 1,
            PromptsPerBatch = 1,
            Logger = new HeardLog(lines.Add),
            Progress = new Shown(shown.Add),
        };
        await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy([0.5, 0.5]), s_reward), ["a", "b"], options);

        Assert.Equal(2, shown.Count);
        Assert.All(lines, line => Assert.Equal((LogLevel.Information, "ReferenceProgress"), (line.Level, line.Event.Name)));
        Assert.Equal(shown, lines.Select(line => line.Values["Progress"]));
        Assert.StartsWith("Reference samples: 16 of 16 samples", lines[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_alarm_of_the_guard_is_told_before_it_stops_the_loop()
    {
        var lines = new List<LogLine>();
        var guard = new TrainingGuard(8, 32, new GuardOptions { Logger = new HeardLog(lines.Add) });
        var stopped = Assert.Throws<TrainingStoppedException>(() => guard.Observe(7, loss: double.NaN, gradientNorm: 1));

        LogLine line = Assert.Single(lines);
        Assert.Equal((LogLevel.Warning, "GuardAlarm"), (line.Level, line.Event.Name));
        Assert.Equal(stopped.Alarm, line.Values["Alarm"]);
        Assert.StartsWith("step 7: the loss is NaN", line.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_written_to_the_console_by_the_packages()
    {
        string root = VariationalBoN.Tests.Packaging.Repository.Root;
        IEnumerable<string> writes = Directory
            .EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(file =>
                File.ReadLines(file)
                    .Any(line =>
                        line.Contains("Console.", StringComparison.Ordinal) && !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
                    )
            );

        Assert.Empty(writes);
    }

    private sealed class Shown(Action<ReferenceTableProgress> show) : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value) => show(value);
    }
}
