using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class RunningMeanTests
{
    [Fact]
    public void It_is_the_debiased_moving_average_of_mean_returns()
    {
        var running = new RunningMean(0.5);
        Assert.Equal(Baseline.None, running.Baseline);
        using var logProb = torch.tensor([-1.0, -3.0]);

        running.Add(logProb, [0, 0]); // returns 1 and 3: mean 2
        Assert.Equal(2, running.Baseline.Value, 12);
        running.Add(logProb, [3, 3]); // mean 5
        Assert.Equal(((0.25 * 2) + (0.5 * 5)) / 0.75, running.Baseline.Value, 12);
    }

    [Fact]
    public void A_resumed_run_has_the_baseline_of_one_that_was_never_stopped()
    {
        string folder = Directory.CreateTempSubdirectory("baseline-").FullName;
        using var logProb = torch.tensor([-1.0, -3.0]);
        RunningMean whole = new(0.7),
            resumed = new(0.7);
        whole.Add(logProb, [0.1, 0]);
        using (var checkpoints = new Checkpoints(folder).Add("baseline", whole.Save, whole.Load))
            checkpoints.Save(1);
        whole.Add(logProb, [3, 0.3]);

        using (var checkpoints = new Checkpoints(folder).Add("baseline", resumed.Save, resumed.Load))
            checkpoints.Restore();
        resumed.Add(logProb, [3, 0.3]);

        Assert.Equal(whole.Baseline, resumed.Baseline);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void What_is_no_mean_is_refused()
    {
        var running = new RunningMean();
        using var logProb = torch.tensor([-1.0, -3.0]);
        running.Add(logProb, [0, 0]);
        Baseline before = running.Baseline;

        Assert.Throws<EndOfStreamException>(() => running.Load(new MemoryStream(new byte[15])));
        Assert.Contains(
            "weight of NaN",
            Assert
                .Throws<InvalidDataException>(() => running.Load(new MemoryStream([.. new byte[8], .. BitConverter.GetBytes(double.NaN)])))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Equal(before, running.Baseline);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        using var logProb = torch.tensor([-1.0, -3.0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunningMean(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RunningMean(double.NaN));
        Assert.Throws<ArgumentException>(() => new RunningMean().Add(logProb, [0]));
        Assert.Throws<ArithmeticException>(() => new RunningMean().Add(logProb, [0, double.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Baseline.Constant(double.NaN));
    }
}
