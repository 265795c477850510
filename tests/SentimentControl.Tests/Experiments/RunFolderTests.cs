using SentimentControl.Datasets.Reviews;
using VariationalBoN.Experiments.Grid;

namespace SentimentControl.Tests.Experiments;

[Trait("Tier", "fast")]
public sealed class RunFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("runs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_takes_runs_of_what_it_was_made_with_and_no_others()
    {
        string folder = Path.Combine(_folder, "new");
        RunFolder.Require(folder, Made(steps: 80));
        RunFolder.Require(folder, Made(steps: 80));

        string message = Assert.Throws<InvalidDataException>(() => RunFolder.Require(folder, Made(steps: 150))).Message;

        Assert.Contains(folder, message, StringComparison.Ordinal);
        Assert.Contains("settings.steps 80 instead of 150", message, StringComparison.Ordinal);
        Assert.DoesNotContain("dataset", message, StringComparison.Ordinal);
        Assert.Contains("--output", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Runs_of_unknown_origin_are_refused()
    {
        File.WriteAllText(Path.Combine(_folder, "grid-Dpo-n2-seed1.json"), "{}");

        Assert.Contains(
            _folder,
            Assert.Throws<InvalidDataException>(() => RunFolder.Require(_folder, Made(80))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_is_written_is_read_again_and_leaves_nothing_beside_it()
    {
        string path = Path.Combine(_folder, "a.json");
        Assert.Null(RunFolder.Read<double[]>(path));

        RunFolder.Write(path, new[] { 0.1, double.NaN });

        Assert.Equal([0.1, double.NaN], RunFolder.Read<double[]>(path)!);
        Assert.Equal([path], Directory.EnumerateFiles(_folder));
    }

    [Fact]
    public void Folders_of_the_time_before_the_experiments_had_a_project_of_their_own_are_taken_up()
    {
        // What the sample's --full wrote: its settings held wholeGrid.
        File.WriteAllText(
            Path.Combine(_folder, "made-with.json"),
            """
            { "settings": { "referenceSteps": 400, "samplesPerPrompt": 128, "steps": 80, "promptsPerStep": 32, "completionsPerPrompt": 4,
              "learningRate": 0.001, "warmUpSteps": 10, "finalRatePart": 0.1, "maximumGradientNorm": 1,
              "trainPrompts": 48, "heldOutPrompts": 24, "wholeGrid": true, "evaluationCompletions": 32 } }
            """
        );
        var reviews = new ReviewDataset();

        RunFolder.Require(_folder, Sizes(GridPlan.IsWhole(reviews)));

        Assert.Throws<InvalidDataException>(() => RunFolder.Require(_folder, Sizes(whole: false)));

        object Sizes(bool whole) => new { Settings = RunFolder.Describe(reviews.Settings(quick: true), whole) };
    }

    private static object Made(int steps) => new { Dataset = "reviews", Settings = new { Steps = steps, M = 256 } };
}
