using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class SquaredLogRatioTests
{
    private static readonly double[] s_logProb = [-1, -2, -3, -10, -11],
        s_targets = [-1.5, -2, -2, -9, -13];
    private static readonly int[] s_groups = [7, 7, 7, 2, 2];

    [Fact]
    public void Both_losses_are_those_of_pencil_and_paper()
    {
        using var scope = torch.NewDisposeScope();
        var logProb = torch.tensor(s_logProb);
        double[] d = [.. s_logProb.Zip(s_targets, (log, target) => log - target)]; // 0.5, 0, -1 | -1, 2

        double first = d[..3].Average(),
            second = d[3..].Average();
        double centred = ((d[..3].Sum(x => Math.Pow(x - first, 2)) / 2) + (d[3..].Sum(x => Math.Pow(x - second, 2)) / 1)) / 2;
        Assert.Equal(centred, SquaredLogRatio.Centred(logProb, s_targets, s_groups).ToDouble(), 12);
        Assert.Equal(d.Average(x => x * x), SquaredLogRatio.Known(logProb, s_targets).ToDouble(), 12);
    }

    [Fact]
    public void Large_log_probabilities_in_single_precision_do_not_lose_the_difference()
    {
        using var scope = torch.NewDisposeScope();
        var logProb = torch.tensor([-4096.5f, -4097f]);

        Assert.Equal(0.125f, SquaredLogRatio.Known(logProb, [-4096, -4097]).ToSingle(), 6);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        using var logProb = torch.tensor(s_logProb);
        Assert.Contains(
            "Group 2",
            Assert.Throws<ArgumentException>(() => SquaredLogRatio.Centred(logProb, s_targets, [7, 7, 7, 7, 2])).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => SquaredLogRatio.Known(logProb, s_targets[..4]));
        Assert.Throws<ArithmeticException>(() => SquaredLogRatio.Known(logProb, [.. s_targets[..4], double.NaN]));
        Assert.Throws<ArgumentNullException>(() => SquaredLogRatio.Known(logProb, null!));
    }
}
