using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class LossErrorTests
{
    [Fact]
    public void A_lone_completion_is_an_error_of_groups_whatever_the_loss()
    {
        using torch.Tensor logProb = torch.tensor([-1.0, -2, -3]),
            targets = torch.tensor([0.0, 1, 2]);
        double[] plain = [0, 1, 2];
        int[] groups = [7, 7, 5];
        foreach (
            Func<torch.Tensor> loss in (Func<torch.Tensor>[])
                [
                    () => ScoreFunction.Loss(logProb, plain, groups),
                    () => ScoreFunction.Loss(logProb, plain, groups, Baseline.GroupMean),
                    () => ScoreFunction.Loss(logProb, targets, groups),
                    () => ClippedRatio.Loss(logProb, [-1, -2, -3], plain, groups),
                    () => ClippedRatio.Loss(logProb, [-1, -2, -3], plain, groups, new ClippedRatioOptions { NormaliseByGroup = true }),
                    () => SquaredLogRatio.Centred(logProb, plain, groups),
                ]
        )
        {
            string message = Assert.Throws<ArgumentException>("groups", loss).Message;
            Assert.Contains("Group 5 has 1 completion", message, StringComparison.Ordinal);
            Assert.DoesNotContain("leave-one-out", message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("best")]
    [InlineData("worst")]
    public void A_log_probability_that_is_no_number_is_named_as_the_caller_names_it(string name)
    {
        using torch.Tensor good = torch.tensor([-1.0, -2]),
            bad = torch.tensor([-1.0, double.NegativeInfinity]);
        (torch.Tensor best, torch.Tensor worst) = name == "best" ? (bad, good) : (good, bad);

        string message = Assert.Throws<ArithmeticException>(() => PairLoss.Ipo(best, worst, [0, 0], [0, 0], 0.1)).Message;

        Assert.StartsWith(
            FormattableString.Invariant($"{name}[1] is {double.NegativeInfinity}; a completion that the policy gives no probability to"),
            message,
            StringComparison.Ordinal
        );
    }
}
