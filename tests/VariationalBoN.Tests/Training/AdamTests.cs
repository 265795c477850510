using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Training;

/// <summary>The optimizers against TorchSharp's, whose numbers nothing else may free meanwhile.</summary>
[Trait("Tier", "torch")]
[Collection("Optimizers")]
public sealed class AdamTests
{
    private const int Steps = 40;

    [Theory]
    [InlineData(ScalarType.Float32, 0.9, 0.999, 1e-8, 0)]
    [InlineData(ScalarType.Float32, 0.9, 0.95, 1e-6, 0.1)]
    [InlineData(ScalarType.Float64, 0.8, 0.99, 1e-8, 0.01)]
    [InlineData(ScalarType.Float64, 0, 0.999, 0, 0)]
    public void Each_step_of_Adam_is_that_of_TorchSharp_bit_for_bit(
        ScalarType type,
        double beta1,
        double beta2,
        double epsilon,
        double decay
    )
    {
        using var pair = new Pair(type);
        using var ours = new VariationalBoN.Adam(pair.Ours, 0.1, beta1, beta2, epsilon, decay);
        using var theirs = optim.Adam(pair.Theirs, 0.1, beta1, beta2, epsilon, decay);
        pair.Compare(ours.SetLearningRate, ours.ZeroGrad, ours.Step, theirs);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 0.9, 0.999, 1e-8, 0)]
    [InlineData(ScalarType.Float32, 0.9, 0.95, 1e-6, 0.1)]
    [InlineData(ScalarType.Float64, 0.8, 0.99, 1e-8, 0.01)]
    [InlineData(ScalarType.BFloat16, 0.9, 0.999, 1e-8, 0.1)]
    public void Each_step_of_AdamW_is_that_of_TorchSharp_bit_for_bit(
        ScalarType type,
        double beta1,
        double beta2,
        double epsilon,
        double decay
    )
    {
        using var pair = new Pair(type);
        using var ours = new VariationalBoN.AdamW(pair.Ours, 0.1, beta1, beta2, epsilon, decay);
        using var theirs = optim.AdamW(pair.Theirs, 0.1, beta1, beta2, epsilon, decay);
        pair.Compare(ours.SetLearningRate, ours.ZeroGrad, ours.Step, theirs);
    }

    [Fact]
    public void A_parameter_without_gradient_is_not_stepped_and_one_that_requires_none_is_left_out()
    {
        using var frozen = new Parameter(ones(3), requires_grad: false);
        using var idle = new Parameter(ones(3));
        using var pulled = new Parameter(ones(3));
        using var adam = new VariationalBoN.AdamW([frozen, idle, pulled], learningRate: 0.5, weightDecay: 0.5);
        using (var loss = pulled.sum())
            loss.backward();
        adam.Step();
        Assert.Equal([1f, 1f, 1f], idle.data<float>());
        Assert.Equal([1f, 1f, 1f], frozen.data<float>());
        Assert.True(pulled.data<float>()[0] < 0.3);
        adam.ZeroGrad();
        Assert.Null(pulled.grad);
        float before = pulled.data<float>()[0];
        adam.Step();
        Assert.Equal(before, pulled.data<float>()[0]);
    }

    [Fact]
    public void Bad_input_is_refused_by_name()
    {
        using var parameter = new Parameter(ones(3));
        using var frozen = new Parameter(ones(3), requires_grad: false);
        Assert.Throws<ArgumentException>("parameters", () => new VariationalBoN.Adam([], 0.1));
        Assert.Throws<ArgumentException>("parameters", () => new VariationalBoN.Adam([frozen], 0.1));
        Assert.Throws<ArgumentException>("parameters", () => new VariationalBoN.AdamW([parameter, parameter], 0.1));
        foreach (double bad in new[] { -1, double.NaN, double.PositiveInfinity })
        {
            Assert.Throws<ArgumentOutOfRangeException>("learningRate", () => new VariationalBoN.AdamW([parameter], bad));
            Assert.Throws<ArgumentOutOfRangeException>("beta1", () => new VariationalBoN.AdamW([parameter], 0.1, beta1: bad));
            Assert.Throws<ArgumentOutOfRangeException>("beta2", () => new VariationalBoN.AdamW([parameter], 0.1, beta2: bad));
            Assert.Throws<ArgumentOutOfRangeException>("epsilon", () => new VariationalBoN.AdamW([parameter], 0.1, epsilon: bad));
            Assert.Throws<ArgumentOutOfRangeException>("weightDecay", () => new VariationalBoN.AdamW([parameter], 0.1, weightDecay: bad));
            using var adam = new VariationalBoN.AdamW([parameter], 0.1);
            Assert.Throws<ArgumentOutOfRangeException>("learningRate", () => adam.SetLearningRate(bad));
            Assert.Equal(0.1, adam.LearningRate);
        }

        Assert.Throws<ArgumentOutOfRangeException>("beta1", () => new VariationalBoN.Adam([parameter], 0.1, beta1: 1));
    }

    /// <summary>Three parameters twice, of which one has a gradient at every third step alone.</summary>
    private sealed class Pair : IDisposable
    {
        private static readonly long[][] s_shapes =
        [
            [16, 8],
            [8],
            [5, 3],
        ];
        private readonly TorchSharp.DisposeScope _scope = NewDisposeScope();
        private readonly Tensor[] _targets;

        public Pair(ScalarType type)
        {
            using var generator = new Generator(1);
            Tensor[] start = [.. s_shapes.Select(shape => randn(shape, generator: generator).to(type))];
            _targets = [.. s_shapes.Select(shape => randn(shape, generator: generator).to(type))];
            (Ours, Theirs) = (
                [.. start.Select(tensor => new Parameter(tensor.clone()))],
                [.. start.Select(tensor => new Parameter(tensor.clone()))]
            );
        }

        public Parameter[] Ours { get; }

        public Parameter[] Theirs { get; }

        public void Compare(Action<double> setRate, Action zeroGrad, Action step, OptimizerHelper theirs)
        {
            byte[] first = Bytes(Ours);
            for (int i = 0; i < Steps; i++)
            {
                double rate = 0.1 / (i + 1);
                setRate(rate);
                foreach (var group in theirs.ParamGroups)
                    group.LearningRate = rate;
                zeroGrad();
                foreach (Parameter parameter in Theirs)
                    parameter.grad = null;
                Backward(Ours, i);
                Backward(Theirs, i);
                step();
                theirs.step();
                Assert.True(Bytes(Ours).AsSpan().SequenceEqual(Bytes(Theirs)), $"step {i}");
            }

            Assert.NotEqual(first, Bytes(Ours));
        }

        public void Dispose() => _scope.Dispose();

        private void Backward(Parameter[] parameters, int step)
        {
            using var scope = NewDisposeScope();
            for (int p = 0; p < parameters.Length; p++)
            {
                if (p < 2 || step % 3 == 0)
                    (parameters[p] - _targets[p]).tanh().square().sum().backward();
            }
        }

        private static byte[] Bytes(Parameter[] parameters) =>
            [.. parameters.SelectMany(parameter => parameter.detach().contiguous().bytes.ToArray())];
    }
}
