using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>A run that goes back to an earlier checkpoint, with kills: what is on disk is always one run.</summary>
[Trait("Tier", "torch")]
public sealed class EarlierCheckpointTests : IDisposable
{
    private static readonly CheckpointOptions s_options = new() { KeepLast = 2, BestBy = "reward" };
    private readonly string _folder = Directory.CreateTempSubdirectory("earlier-").FullName;

    public EarlierCheckpointTests()
    {
        using var run = new Run(_folder);
        foreach ((long step, double reward) in new[] { (1L, 0.5), (2, 3), (3, 1), (4, 3), (5, 2) })
            run.Go(step, reward);
        Assert.Equal([2, 4, 5], run.Steps);
    }

    private string Metrics => Path.Combine(_folder, "metrics.jsonl");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Going_on_from_the_best_leaves_the_later_ones_behind()
    {
        using (var run = new Run(_folder))
        {
            Assert.Equal(2, run.Checkpoints.Restore(run.Checkpoints.Best!));
            Assert.Equal(2, run.State);
            run.Go(3, reward: 1);
            Assert.Equal([2, 3], run.Steps);
        }

        using var again = new Run(_folder); // after a kill
        Assert.Equal(3, again.Checkpoints.Restore());
        Assert.Equal(3, again.State);
        Assert.Equal(["{\"step\":1}", "{\"step\":2}", "{\"step\":3}"], again.Lines());
    }

    [Fact]
    public void A_kill_between_the_first_line_and_the_first_checkpoint_leaves_a_run_that_goes_on()
    {
        using (var run = new Run(_folder))
        {
            run.Checkpoints.Restore(run.Checkpoints.Best!);
            run.Metrics.Write(3, []);
        }

        using var again = new Run(_folder);
        Assert.Equal(2, again.Checkpoints.Restore());
        Assert.Equal(["{\"step\":1}", "{\"step\":2}", "{\"step\":3}"], again.Lines());
        again.Go(3, reward: 1);
        Assert.Equal(["{\"step\":1}", "{\"step\":2}", "{\"step\":3}"], again.Lines());
    }

    [Fact]
    public void Looking_at_the_best_changes_nothing()
    {
        byte[] before = File.ReadAllBytes(Metrics);
        using (var run = new Run(_folder))
        {
            run.Checkpoints.Restore(run.Checkpoints.Best!);
            Assert.Equal(5, run.Checkpoints.Restore());
            run.Checkpoints.Restore(run.Checkpoints.Best!);
        }

        Assert.Equal(before, File.ReadAllBytes(Metrics));
        using var again = new Run(_folder);
        Assert.Equal(5, again.Checkpoints.Restore());
        again.Go(6, reward: 1);
        Assert.Equal([2, 5, 6], again.Steps);
        Assert.Equal(6, again.Lines().Length);
    }

    [Fact]
    public void A_checkpoint_that_was_just_written_is_kept()
    {
        using var run = new Run(_folder); // that restores nothing

        run.Go(3, reward: 1);

        Assert.Equal([2, 3, 4, 5], run.Steps);
    }

    [Fact]
    public void A_metrics_file_of_another_run_is_refused_before_anything_changes()
    {
        File.WriteAllText(Metrics, "{\"step\":1}\n");
        using var run = new Run(_folder);

        var refused = Assert.Throws<InvalidDataException>(() => run.Checkpoints.Restore());

        Assert.Contains(Metrics, refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, run.State);
        Assert.Equal("{\"step\":1}\n", File.ReadAllText(Metrics));
    }

    /// <summary>A run whose state is the number of its last step; disposing of it is what a kill leaves.</summary>
    private sealed class Run : IDisposable
    {
        private readonly string _metrics;

        public Run(string folder)
        {
            _metrics = Path.Combine(folder, "metrics.jsonl");
            Metrics = new MetricsLog(_metrics);
            Checkpoints = new Checkpoints(folder, options: s_options)
                .Add("state", stream => stream.WriteByte(State), stream => State = (byte)stream.ReadByte())
                .Add("metrics", Metrics);
        }

        public MetricsLog Metrics { get; }

        public Checkpoints Checkpoints { get; }

        public byte State { get; private set; }

        public IEnumerable<long> Steps => Checkpoints.All.Select(checkpoint => checkpoint.Step);

        public void Go(long step, double reward)
        {
            State = (byte)step;
            Metrics.Write(step, []);
            Checkpoints.Save(step, new Dictionary<string, double> { ["reward"] = reward });
        }

        public string[] Lines()
        {
            using var reader = new StreamReader(new FileStream(_metrics, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }

        public void Dispose()
        {
            Checkpoints.Dispose();
            Metrics.Dispose();
        }
    }
}
