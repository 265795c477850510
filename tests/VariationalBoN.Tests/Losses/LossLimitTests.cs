using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

/// <summary>The last argument that a loss takes and the first that it refuses, by the name of the argument.</summary>
[Trait("Tier", "torch")]
public sealed class LossLimitTests
{
    private static readonly double[] s_two = [-1, -2];

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
    public void A_null_is_refused_by_its_name()
    {
        using var logProb = torch.tensor(s_two);
        IReadOnlyList<int> groups = [0, 0];
        foreach (
            (string name, Func<object> call) in (ReadOnlySpan<(string, Func<object>)>)
                [
                    ("logProb", () => ScoreFunction.Loss(null!, s_two, groups)),
                    ("targets", () => ScoreFunction.Loss(logProb, (double[])null!, groups)),
                    ("targets", () => ScoreFunction.Loss(logProb, (torch.Tensor)null!, groups)),
                    ("groups", () => ScoreFunction.Loss(logProb, s_two, null!)),
                    ("logProb", () => ScoreFunction.Loss(null!, [s_two], [s_two], 1)),
                    ("logReference", () => ScoreFunction.Loss(logProb, null!, [s_two], 1)),
                    ("values", () => ScoreFunction.Loss(logProb, [s_two], null!, 1)),
                    ("oldLogProb", () => ClippedRatio.Loss(logProb, null!, s_two, groups)),
                    ("oldLogProb", () => ClippedRatio.ApproximateKl(logProb, null!)),
                    ("teacher", () => Distillation.Loss(logProb.view(1, 2), null!, 1)),
                    ("masks", () => MaskedLikelihood.Loss(logProb.view(1, 2), null!)),
                    ("bestReference", () => PairLoss.Dpo(logProb, logProb, null!, s_two, 1)),
                    ("worstReference", () => PairLoss.Dpo(logProb, logProb, s_two, null!, 1)),
                    ("labels", () => RewardModelLoss.CrossEntropy(logProb.view(1, 2), null!)),
                ]
        )
            Assert.Throws<ArgumentNullException>(name, call);
        Assert.Throws<ArgumentNullException>("stream", () => new RunningMean().Save(null!));
        Assert.Throws<ArgumentNullException>("stream", () => new RunningMean().Load(null!));
    }

    [Fact]
    public void Tensors_of_two_devices_are_refused()
    {
        using torch.Tensor logProb = torch.tensor(s_two),
            elsewhere = torch.zeros([2], torch.float64, torch.device("meta")); // a device without memory, which every build has
        Refused("targets", () => ScoreFunction.Loss(logProb, elsewhere, [0, 0]));
        Refused("teacher", () => Distillation.Loss(logProb.view(1, 2), elsewhere.view(1, 2), 1));
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

    private static void Refused(string name, Func<torch.Tensor> loss) => Assert.Throws<ArgumentException>(name, loss);

    private static void Refused(string name, Func<double> estimate) => Assert.Throws<ArgumentException>(name, () => estimate());

    private static void Named(string place, Func<object> loss) =>
        Assert.StartsWith($"{place} is ", Assert.Throws<ArithmeticException>(loss).Message, StringComparison.Ordinal);
}
