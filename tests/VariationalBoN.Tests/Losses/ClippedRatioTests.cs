using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class ClippedRatioTests
{
    private static readonly double[] s_old = [-1, -2];

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
    public void A_clip_range_is_above_0_and_below_1()
    {
        using var logProb = torch.tensor(s_old);
        Assert.Equal((0.2, false), (new ClippedRatioOptions().ClipRange, new ClippedRatioOptions().NormaliseByGroup));
        foreach (double range in new[] { double.Epsilon, Math.BitDecrement(1) })
        {
            var options = new ClippedRatioOptions { ClipRange = range };
            using var loss = ClippedRatio.Loss(logProb, s_old, [0, 0], [0, 0], options);
            Assert.Equal(0, ClippedRatio.ClippedShare(logProb, s_old, options));
        }

        foreach (double range in new[] { 0, 1, -0.1, 1.1, double.NaN })
        {
            var options = new ClippedRatioOptions { ClipRange = range };
            Assert.Throws<ArgumentException>(() => ClippedRatio.Loss(logProb, s_old, [0, 0], [0, 0], options));
            Assert.Throws<ArgumentException>(() => ClippedRatio.ClippedShare(logProb, s_old, options));
        }
    }

    /// <summary>A ratio exactly at the end of the range is not outside of it.</summary>
    [Fact]
    public void The_clipped_share_counts_what_lies_outside_the_range_that_is_asked_for()
    {
        double range = Math.Exp(0.25) - 1;
        using var logProb = torch.tensor([0.25, 0.25, -0.125, -3, 0.26]);
        double[] old = [0, 0.25, 0, 0, 0];
        Assert.Equal(0.4, ClippedRatio.ClippedShare(logProb, old, new ClippedRatioOptions { ClipRange = range }), 1e-15);
        Assert.Equal(0.6, ClippedRatio.ClippedShare(logProb, old), 1e-15);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    public void Ratios_are_clipped_at_both_ends_of_the_range(double range)
    {
        double[] now = [0.3, 0.05, -0.02, -1, 0.7, -2],
            old = new double[6],
            targets = [3, -1, 2, -2, -4, 5];
        using var logProb = torch.tensor(now);
        using var loss = ClippedRatio.Loss(logProb, old, targets, new int[6], new ClippedRatioOptions { ClipRange = range });
        double mean = targets.Average(),
            expected = 0;
        for (int i = 0; i < 6; i++)
        {
            double advantage = (targets[i] - mean) * 6 / 5,
                ratio = Math.Exp(now[i]),
                held = ratio > 1 + range ? 1 + range
                : ratio < 1 - range ? 1 - range
                : ratio;
            expected -= Math.Min(ratio * advantage, held * advantage) / 6;
        }

        Assert.Equal(expected, loss.ToDouble(), 1e-12);
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
