using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class WeightedLikelihoodTests
{
    [Fact]
    public void The_loss_is_that_of_pencil_and_paper()
    {
        using var scope = torch.NewDisposeScope();
        double[] log = [-1, -2, -4, -3, -8],
            weights = [0.25, 0.75, 0, 0.5, 2];
        var logProb = torch.tensor(log, requires_grad: true);

        var loss = WeightedLikelihood.Loss(logProb, weights, [4, 4, -1, 9, 4]); // three groups
        loss.backward();

        Assert.Equal((0.25 + 1.5 + 0 + 1.5 + 16) / 3, loss.ToDouble(), 14);
        EnumeratedGroups.AssertClose(weights.Select(w => -w / 3), logProb.grad!.data<double>().ToArray(), 1e-15);
        Assert.Equal(torch.float32, WeightedLikelihood.Loss(logProb.to(torch.float32), weights, [0, 0, 0, 0, 0]).dtype);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        using var scope = torch.NewDisposeScope();
        var logProb = torch.tensor([-1.0, -2.0]);
        Assert.Contains(
            "weights[1] is -0.5",
            Assert.Throws<ArgumentException>("weights", () => WeightedLikelihood.Loss(logProb, [1, -0.5], [0, 0])).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>("weights", () => WeightedLikelihood.Loss(logProb, [1], [0, 0]));
        Assert.Throws<ArgumentException>("groups", () => WeightedLikelihood.Loss(logProb, [1, 0], [0]));
        Assert.Throws<ArgumentException>("logProb", () => WeightedLikelihood.Loss(torch.tensor(-1.0), [1], [0]));
        Assert.Throws<ArgumentException>("logProb", () => WeightedLikelihood.Loss(torch.tensor([-1L]), [1], [0]));
        Assert.Throws<ArgumentException>("logProb", () => WeightedLikelihood.Loss(torch.zeros(0), [], []));
        Assert.Throws<ArgumentNullException>("weights", () => WeightedLikelihood.Loss(logProb, null!, [0, 0]));
        Assert.Contains(
            "weights[0] is NaN",
            Assert.Throws<ArithmeticException>(() => WeightedLikelihood.Loss(logProb, [double.NaN, 1], [0, 0])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "logProb[1]",
            Assert
                .Throws<ArithmeticException>(() => WeightedLikelihood.Loss(torch.tensor([-1.0, double.NegativeInfinity]), [1, 0], [0, 0]))
                .Message,
            StringComparison.Ordinal
        );
    }
}
