using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Internal;

[Trait("Tier", "torch")]
public sealed class TensorValuesTests
{
    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    public void Values_come_in_the_order_of_the_indices_whatever_the_layout_and_type(ScalarType type)
    {
        using var scope = NewDisposeScope();
        var turned = tensor(new double[] { 1, 2, 3, 4, 5, 6 }, [2, 3]).to(type).t();

        Assert.Equal([1, 4, 2, 5, 3, 6], turned.Doubles());
    }

    [Fact]
    public void Values_are_a_copy_and_need_no_gradient()
    {
        using var scope = NewDisposeScope();
        var values = tensor(new double[] { 1, 2 }, requires_grad: true);

        double[] copy = values.Doubles();
        copy[0] = 7;

        Assert.Equal([1, 2], values.Doubles());
    }

    [Fact]
    public void Elements_are_those_of_the_tensor_itself()
    {
        using var scope = NewDisposeScope();
        var values = zeros(3);

        values.Elements<float>()[1] = 2;

        Assert.Equal([0, 2, 0], values.Doubles());
    }
}
