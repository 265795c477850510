using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Internal;

/// <summary>Products in bfloat16 held against the same sums in double precision over the rounded factors.</summary>
[Trait("Tier", "torch")]
public sealed class MixedProductTests
{
    /// <summary>A result is rounded to bfloat16 once, after sums in float32:
    /// half a unit in the last of its 8 binary digits, and a little.</summary>
    private const double Rounding = 1.01 / 256;

    [Theory]
    [InlineData(false, ScalarType.Float32)]
    [InlineData(true, ScalarType.Float32)]
    [InlineData(false, ScalarType.BFloat16)]
    public void Product_and_gradients_are_those_of_the_rounded_factors(bool inputFirst, ScalarType weightType)
    {
        using var scope = NewDisposeScope();
        var x = Values(5, 7, seed: 1).requires_grad_();
        var weight = (inputFirst ? Values(7, 3, seed: 2) : Values(3, 7, seed: 2)).to(weightType).detach().requires_grad_();
        var slope = Values(5, 3, seed: 3);
        var y = MixedProduct.Of(x, weight, inputFirst);
        y.mul(slope).sum().backward();
        var (wideX, wideWeight, wideSlope) = (Rounded(x), inputFirst ? Rounded(weight) : Rounded(weight).t(), Rounded(slope));
        Assert.Equal(ScalarType.Float32, y.dtype);
        AssertClose(wideX.mm(wideWeight), y);
        AssertClose(wideSlope.mm(wideWeight.t()), x.grad!);
        var ofWeight = wideX.t().mm(wideSlope);
        AssertClose(inputFirst ? ofWeight : ofWeight.t(), weight.grad!);
        Assert.Equal((ScalarType.Float32, weightType), (x.grad!.dtype, weight.grad!.dtype));
        using var noGradient = no_grad();
        Assert.Equal(y.Doubles(), MixedProduct.Of(x, weight, inputFirst).Doubles());
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Gradients_are_computed_for_what_asks_for_one(bool ofInput, bool ofWeight)
    {
        using var scope = NewDisposeScope();
        var x = Values(2, 4, seed: 1).requires_grad_(ofInput);
        var weight = Values(3, 4, seed: 2).requires_grad_(ofWeight);
        MixedProduct.Of(x, weight, inputFirst: false).sum().backward();
        Assert.Equal((ofInput, ofWeight), (x.grad is not null, weight.grad is not null));
        Assert.False(MixedProduct.Of(x.detach(), weight.detach(), inputFirst: false).requires_grad);
    }

    [Fact]
    public void Weight_that_was_changed_before_the_backward_pass_makes_the_gradients_NaN()
    {
        using var scope = NewDisposeScope();
        var x = Values(2, 4, seed: 1).requires_grad_();
        var weight = Values(3, 4, seed: 2).requires_grad_();
        var y = MixedProduct.Of(x, weight, inputFirst: false);
        using (no_grad())
            weight.zero_();
        y.sum().backward();
        Assert.All(x.grad!.Doubles(), value => Assert.True(double.IsNaN(value)));
        Assert.All(weight.grad!.Doubles(), value => Assert.True(double.IsNaN(value)));
    }

    private static Tensor Values(int rows, int columns, int seed)
    {
        var random = new CounterRandom(new DrawSeed(seed), "values", 0);
        return tensor([.. Enumerable.Range(0, rows * columns).Select(i => (float)random.Normal(i))], [rows, columns]);
    }

    private static Tensor Rounded(Tensor values) => values.detach().to(ScalarType.BFloat16).to(ScalarType.Float64);

    private static void AssertClose(Tensor expected, Tensor actual) =>
        Assert.All(
            expected.Doubles().Zip(actual.Doubles()),
            pair => Assert.Equal(pair.First, pair.Second, (Math.Abs(pair.First) * Rounding) + 1e-6)
        );
}
