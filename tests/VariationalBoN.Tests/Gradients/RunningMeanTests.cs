using TorchSharp;
using VariationalBoN.Gradients;

namespace VariationalBoN.Tests.Gradients;

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
