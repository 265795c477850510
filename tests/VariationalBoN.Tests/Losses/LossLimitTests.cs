using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

/// <summary>The last argument that a loss takes and the first that it refuses, by the name of the argument.</summary>
[Trait("Tier", "torch")]
public sealed class LossLimitTests
{
    private static readonly double[] s_two = [-1, -2];

    [Fact]
    public void A_clip_range_is_above_0_and_below_1()
    {
        using var logProb = torch.tensor(s_two);
        Assert.Equal((0.2, false), (new ClippedRatioOptions().ClipRange, new ClippedRatioOptions().NormaliseByGroup));
        foreach (double range in new[] { double.Epsilon, Math.BitDecrement(1) })
        {
            var options = new ClippedRatioOptions { ClipRange = range };
            using var loss = ClippedRatio.Loss(logProb, s_two, [0, 0], [0, 0], options);
            Assert.Equal(0, ClippedRatio.ClippedShare(logProb, s_two, options));
        }

        foreach (double range in new[] { 0, 1, -0.1, 1.1, double.NaN })
        {
            var options = new ClippedRatioOptions { ClipRange = range };
            Assert.Throws<ArgumentException>(() => ClippedRatio.Loss(logProb, s_two, [0, 0], [0, 0], options));
            Assert.Throws<ArgumentException>(() => ClippedRatio.ClippedShare(logProb, s_two, options));
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
    public void Lists_of_other_lengths_are_refused_by_their_names()
    {
        using var logProb = torch.tensor(s_two);
        using var none = torch.zeros(0);
        using var whole = torch.ones([2], torch.int64);
        Refused("oldLogProb", () => ClippedRatio.Loss(logProb, [-1], [0, 0], [0, 0]));
        Refused("targets", () => ClippedRatio.Loss(logProb, s_two, [0], [0, 0]));
        Refused("groups", () => ClippedRatio.Loss(logProb, s_two, [0, 0], [0]));
        Refused("oldLogProb", () => ClippedRatio.ApproximateKl(logProb, [-1]));
        Refused("oldLogProb", () => ClippedRatio.ClippedShare(logProb, [-1]));
        Refused("targets", () => ScoreFunction.Loss(logProb, [0], [0, 0]));
        Refused("groups", () => ScoreFunction.Loss(logProb, [0, 0], [0, 0, 0]));
        Refused("targets", () => SquaredLogRatio.Centred(logProb, [0], [0, 0]));
        Refused("groups", () => SquaredLogRatio.Centred(logProb, [0, 0], [0]));
        Refused("targets", () => SquaredLogRatio.Known(logProb, [0, 0, 0]));
        Refused("logProb", () => SquaredLogRatio.Known(none, []));
        Refused("logProb", () => SquaredLogRatio.Known(whole, [0, 0]));
        Refused("logProb", () => ScoreFunction.Loss(logProb.view(1, 2), [0, 0], [0, 0]));
        Refused("targets", () => ScoreFunction.Loss(logProb, whole, [0, 0]));
        Refused("targets", () => ScoreFunction.Loss(logProb, logProb.view(1, 2), [0, 0]));
        Refused("targets", () => ScoreFunction.Loss(logProb, logProb.narrow(0, 0, 1), [0, 0]));
        Refused(
            "masks",
            () =>
                MaskedLikelihood.Loss(
                    logProb.view(1, 2),
                    [
                        [true],
                        [true],
                    ]
                )
        );
        Refused(
            "masks",
            () =>
                MaskedLikelihood.Loss(
                    logProb.view(1, 2),
                    [
                        [true],
                    ],
                    [1, 1]
                )
        );
        Refused("masks", () => MaskedLikelihood.Loss(logProb.view(1, 2), [null!]));
        Refused("masks", () => MaskedLikelihood.Loss(torch.zeros(0, 2), []));
        Refused(
            "weights",
            () =>
                MaskedLikelihood.Loss(
                    logProb.view(1, 2),
                    [
                        [true],
                    ],
                    [-1e-9]
                )
        );
        Refused(
            "tokenLogProb",
            () =>
                MaskedLikelihood.Loss(
                    logProb,
                    [
                        [true],
                        [true],
                    ]
                )
        );
        Refused(
            "tokenLogProb",
            () =>
                MaskedLikelihood.Loss(
                    whole.view(1, 2),
                    [
                        [true],
                    ]
                )
        );
        Refused("reverse", () => Jeffreys.Loss(logProb, logProb, 0.5));
    }

    [Fact]
    public void What_is_no_number_is_named_with_its_place()
    {
        using var logProb = torch.tensor(s_two);
        using var bad = torch.tensor([-1, double.NaN]);
        Named("oldLogProb[1]", () => ClippedRatio.ApproximateKl(logProb, [0, double.NaN]));
        Named("logProb[1]", () => ClippedRatio.ApproximateKl(bad, s_two));
        Named("targets[0]", () => ClippedRatio.Loss(logProb, s_two, [double.NaN, 0], [0, 0]));
        Named("targets[1]", () => ScoreFunction.Loss(logProb, [0, double.NegativeInfinity], [0, 0]));
        Named("logProb[1]", () => ScoreFunction.Loss(bad, [0, 0], [0, 0]));
        Named("targets[1]", () => ScoreFunction.Loss(logProb, bad, [0, 0]));
        Named("logProb[1]", () => ScoreFunction.Loss(bad, logProb, [0, 0]));
        Named(
            "weights[0]",
            () =>
                MaskedLikelihood.Loss(
                    logProb.view(1, 2),
                    [
                        [true],
                    ],
                    [double.PositiveInfinity]
                )
        );
        Named(
            "tokenLogProb[0, 1]",
            () =>
                MaskedLikelihood.Loss(
                    bad.view(1, 2),
                    [
                        [true, true],
                    ]
                )
        );
        Named("chosen[1]", () => RewardModelLoss.BradleyTerry(bad, logProb));
        Named("rejected[1]", () => RewardModelLoss.BradleyTerry(logProb, bad));
        Named("margins[1]", () => RewardModelLoss.BradleyTerry(logProb, logProb, [0, double.NaN]));
        Named("logits[1]", () => RewardModelLoss.CrossEntropy(bad.view(1, 2), [0]));
        Named("bestReference[1]", () => PairLoss.Dpo(logProb, logProb, [0, double.NaN], s_two, 1));
        Named("worstReference[0]", () => PairLoss.Dpo(logProb, logProb, s_two, [double.NaN, 0], 1));
    }

    [Fact]
    public void A_token_of_no_weight_or_of_no_mask_may_have_any_probability()
    {
        using var logProb = torch.tensor(new[] { double.NegativeInfinity, -2, -3, double.NaN }, [2, 2]);
        using var loss = MaskedLikelihood.Loss(
            logProb,
            [
                [true, true],
                [true],
            ],
            [0, 1]
        );
        Assert.Equal(1.5, loss.ToDouble(), 1e-15);
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

    private static void Refused(string name, Func<torch.Tensor> loss) => Assert.Throws<ArgumentException>(name, loss);

    private static void Refused(string name, Func<double> estimate) => Assert.Throws<ArgumentException>(name, () => estimate());

    private static void Named(string place, Func<object> loss) =>
        Assert.StartsWith($"{place} is ", Assert.Throws<ArithmeticException>(loss).Message, StringComparison.Ordinal);
}
