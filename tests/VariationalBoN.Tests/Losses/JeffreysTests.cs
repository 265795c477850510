using TorchSharp;
using VariationalBoN.Losses;

namespace VariationalBoN.Tests.Losses;

[Trait("Tier", "torch")]
public sealed class JeffreysTests
{
    [Theory]
    [InlineData(0, 7)]
    [InlineData(0.3, 4)]
    [InlineData(1, -3)]
    public void The_loss_is_that_of_pencil_and_paper(double reverseWeight, double expected)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor reverse = torch.tensor(-3.0, requires_grad: true),
            forward = torch.tensor(7.0, requires_grad: true);

        var loss = Jeffreys.Loss(reverse, forward, reverseWeight);
        loss.backward();

        Assert.Equal(expected, loss.ToDouble(), 14);
        Assert.Equal((reverseWeight, 1 - reverseWeight), (reverse.grad!.ToDouble(), forward.grad!.ToDouble()));
    }

    [Fact]
    public void Bad_input_is_named()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor scalar = torch.tensor(1.0),
            vector = torch.tensor([1.0, 2.0]);
        foreach (double weight in (double[])[-0.1, 1.1, double.NaN])
            Assert.Throws<ArgumentOutOfRangeException>("reverseWeight", () => Jeffreys.Loss(scalar, scalar, weight));
        Assert.Contains(
            "[2] and []",
            Assert.Throws<ArgumentException>(() => Jeffreys.Loss(vector, scalar, 0.5)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "[] and [2]",
            Assert.Throws<ArgumentException>(() => Jeffreys.Loss(scalar, vector, 0.5)).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentNullException>("reverse", () => Jeffreys.Loss(null!, scalar, 0.5));
        Assert.Throws<ArgumentNullException>("forward", () => Jeffreys.Loss(scalar, null!, 0.5));
    }
}
