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
    public void A_mean_of_the_batches_before_counts_them_by_its_decay()
    {
        using var logProb = torch.tensor([0.0]);
        foreach (double decay in new[] { 0, 0.3, Math.BitDecrement(1) })
            Assert.Equal(MeanOf(1, 5, decay), After(new RunningMean(decay)), 1e-9);
        Assert.Equal(MeanOf(1, 5, 0.9), After(new RunningMean()), 1e-12);
        foreach (double decay in new[] { -0.1, 1, double.NaN })
            Assert.Throws<ArgumentOutOfRangeException>(nameof(decay), () => new RunningMean(decay));

        double After(RunningMean running)
        {
            running.Add(logProb, [1]);
            running.Add(logProb, [5]);
            return running.Baseline.Value;
        }

        static double MeanOf(double first, double second, double decay) => ((decay * first) + second) / (decay + 1);
    }

    [Fact]
    public void A_mean_is_16_bytes_a_sum_and_a_weight_from_0_to_1()
    {
        using var logProb = torch.tensor([0.0]);
        var running = new RunningMean(0.75);
        running.Add(logProb, [6]);
        using var stream = new MemoryStream();
        running.Save(stream);
        Assert.Equal(Bytes(1.5, 0.25), stream.ToArray());

        foreach ((double sum, double weight) in new[] { (3.0, 1.0), (-2, 0.5), (0, 0) })
        {
            running.Load(new MemoryStream(Bytes(sum, weight)));
            Assert.Equal(weight == 0 ? Baseline.None : Baseline.Constant(sum / weight), running.Baseline);
        }

        foreach ((double sum, double weight) in new[] { (1, 1.1), (1, -0.1), (double.NaN, 0.5), (double.NegativeInfinity, 0.5) })
            Assert.Throws<InvalidDataException>(() => running.Load(new MemoryStream(Bytes(sum, weight))));

        static byte[] Bytes(double sum, double weight) => [.. BitConverter.GetBytes(sum), .. BitConverter.GetBytes(weight)];
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
