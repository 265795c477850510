using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
[Collection("Leaks")]
public sealed class LossLeakTests
{
    [Fact]
    public void Losses_leave_no_tensor_but_their_value()
    {
        using torch.Tensor logProb = torch.tensor([-1.0, -2.0], requires_grad: true),
            targets = torch.tensor([0.0, 1.0]),
            scalar = torch.tensor(1.0, requires_grad: true);
        using torch.Tensor logits = torch.ones([2, 3], torch.float64, requires_grad: true),
            single = torch.ones([2, 1], torch.float64, requires_grad: true);
        long before = LiveTensors.Settled();

        foreach (Baseline baseline in (Baseline[])[Baseline.LeaveOneOut, Baseline.GroupMean, Baseline.None])
            One(ScoreFunction.Loss(logProb, [0, 1], [0, 0], baseline));
        One(ScoreFunction.Loss(logProb, targets, [0, 0]));
        One(ClippedRatio.Loss(logProb, [-1, -2], [0, 1], [0, 0]));
        One(ClippedRatio.Loss(logProb, [-1, -2], [0, 1], [0, 0], new ClippedRatioOptions { NormaliseByGroup = true }));
        ClippedRatio.ApproximateKl(logProb, [-1, -2]);
        ClippedRatio.ClippedShare(logProb, [-1, -2]);
        One(SquaredLogRatio.Centred(logProb, [0, 1], [0, 0]));
        One(SquaredLogRatio.Known(logProb, [0, 1]));
        One(WeightedLikelihood.Loss(logProb, [0.5, 0.5], [0, 0]));
        One(Jeffreys.Loss(scalar, scalar, 0.3));
        One(PairLoss.Ipo(logProb, logProb, [-1, -2], [-1, -2], 0.1));
        One(PairLoss.Dpo(logProb, logProb, [-1, -2], [-1, -2], 0.1));
        One(PairLoss.BonBon(logProb, logProb, [-1, -2], [-1, -2], 8));
        One(Distillation.Loss(logits, logits, 1));
        One(RewardModelLoss.BradleyTerry(logProb, logProb, [0, 1], 0.01));
        One(RewardModelLoss.CrossEntropy(logits, [0, 1]));
        One(RewardModelLoss.CrossEntropy(single, [0, 1]));
        new RunningMean().Add(logProb, [0, 1]);

        Assert.Equal(before, LiveTensors.Now);

        void One(torch.Tensor loss)
        {
            Assert.Equal(before + 1, LiveTensors.Now);
            loss.Dispose();
        }
    }
}
