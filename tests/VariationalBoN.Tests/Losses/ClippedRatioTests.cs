using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class ClippedRatioTests
{
    [Fact]
    public void The_loss_is_that_of_pencil_and_paper()
    {
        double[] old = [-1, -2, -3],
            targets = [1, 0, 2],
            now = [-0.5, -2.1, -3.05]; // R = 2, 2, 5
        using var logProb = torch.tensor(now);
        double[] advantages = [2 - 3.5, 2 - 3.5, 5 - 2];
        double expected = -now.Select(
                (value, i) =>
                {
                    double ratio = Math.Exp(value - old[i]);
                    return Math.Min(ratio * advantages[i], Math.Clamp(ratio, 0.8, 1.2) * advantages[i]);
                }
            )
            .Average();

        using var loss = ClippedRatio.Loss(logProb, old, targets, [4, 4, 4]);

        Assert.Equal(expected, loss.ToDouble(), 12);
        Assert.Equal(now.Zip(old, (a, b) => Math.Exp(a - b) - 1 - (a - b)).Average(), ClippedRatio.ApproximateKl(logProb, old), 12);
        Assert.Equal(1 / 3.0, ClippedRatio.ClippedShare(logProb, old), 12);
    }

    [Fact]
    public void Beyond_the_clip_range_a_good_completion_is_not_pushed_further_and_a_bad_one_is_pulled_back()
    {
        using var logProb = torch.tensor([0.0, 0.0], requires_grad: true);
        using var loss = ClippedRatio.Loss(logProb, [-1, -1], [1, -1], [0, 0]); // ratios e; advantages 2 and -2
        loss.backward();

        using var gradient = logProb.grad!;
        double[] values = gradient.data<double>().ToArray();
        Assert.Equal(0, values[0]);
        Assert.Equal(Math.E, values[1], 12);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        using var logProb = torch.tensor([-1.0, -2.0]);
        Assert.Contains(
            "ClipRange is 0",
            Assert
                .Throws<ArgumentException>(() =>
                    ClippedRatio.Loss(logProb, [-1, -2], [0, 0], [0, 0], new ClippedRatioOptions { ClipRange = 0 })
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => ClippedRatio.Loss(logProb, [-1], [0, 0], [0, 0]));
        Assert.Throws<ArgumentException>(() => ClippedRatio.Loss(logProb, [-1, -2], [0, 0], [0, 1]));
        Assert.Throws<ArithmeticException>(() => ClippedRatio.Loss(logProb, [-1, double.NaN], [0, 0], [0, 0]));
        Assert.Throws<ArithmeticException>(() => ClippedRatio.Loss(logProb, [-1, -2], [0, double.PositiveInfinity], [0, 0]));
    }
}
