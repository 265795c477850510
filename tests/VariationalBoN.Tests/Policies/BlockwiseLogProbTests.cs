using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Tests.Transformers.Decoders;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Policies;

[Trait("Tier", "torch")]
public sealed class BlockwiseLogProbTests
{
    private const int FewRows = 3 * TinyDecoders.Vocabulary; // blocks of three positions

    [Theory]
    [InlineData("gpt2", 1.0)]
    [InlineData("llama", 0.7)]
    [InlineData("qwen2", 1.5)]
    public void Values_and_gradients_are_those_of_all_logits_at_once(string family, double temperature)
    {
        using var model = TinyDecoders.Create(family);
        model.to(ScalarType.Float64);
        RequireSame(model, temperature);
        using var adapted = model.WithLora(new LoraOptions { Rank = 2 }, seed: 3);
        foreach (var factor in adapted.LoraParameters())
        {
            using (no_grad())
                factor.add_(0.1f);
        }

        adapted.to(ScalarType.Float64);
        RequireSame(adapted, temperature);
    }

    [Fact]
    public void Gradients_are_those_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        var hidden = rand([5, 3], ScalarType.Float64, requires_grad: true, generator: new Generator(1));
        var weight = rand([11, 3], ScalarType.Float64, requires_grad: true, generator: new Generator(2));
        var targets = tensor(new long[] { 10, 0, 3, 3, 7 });
        var factors = tensor(new[] { 1.0, -2, 0.5, 3, -1 });
        Value().backward();
        foreach (var input in new[] { hidden, weight })
        {
            double[] gradient = input.grad!.data<double>().ToArray();
            for (int i = 0; i < gradient.Length; i++)
                Assert.Equal((At(input, i, 1e-5) - At(input, i, -1e-5)) / 2e-5, gradient[i], 1e-5 * (1 + Math.Abs(gradient[i])));
        }

        Tensor Value() =>
            (TokenLogProbs.Of(new PositionLogits(hidden, weight), targets, Distribution(0.8, 11), blockElements: 22) * factors).sum();

        double At(Tensor input, int index, double change)
        {
            using var noGradient = no_grad();
            var flat = input.view(-1);
            double before = flat[index].item<double>();
            flat[index] = before + change;
            double value = Value().item<double>();
            flat[index] = before;
            return value;
        }
    }

    [Fact]
    public void Without_gradient_and_for_a_truncated_distribution_values_are_the_same()
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var logits = new PositionLogits(
            rand([10, 4], generator: new Generator(1)),
            rand([TinyDecoders.Vocabulary, 4], generator: new Generator(2))
        );
        var targets = arange(10, ScalarType.Int64);
        foreach (
            var options in new[]
            {
                new GenerationOptions(),
                new GenerationOptions { TopK = 15, Temperature = 0.5 },
            }
        )
        {
            var distribution = new NextTokenDistribution(options, TinyDecoders.Vocabulary);
            float[] all = TokenLogProbs.Of(logits, targets, distribution).data<float>().ToArray();
            float[] blocks = TokenLogProbs.Of(logits, targets, distribution, FewRows).data<float>().ToArray();
            for (int i = 0; i < all.Length; i++)
                Assert.Equal(all[i], blocks[i], 1e-6f);
        }
    }

    [Fact]
    public void Weights_that_were_changed_before_the_backward_pass_give_gradients_of_NaN_and_no_crash()
    {
        using var scope = NewDisposeScope();
        var hidden = rand([5, 3], requires_grad: true);
        var weight = rand([11, 3], requires_grad: true);
        var value = TokenLogProbs
            .Of(new PositionLogits(hidden, weight), zeros(5, ScalarType.Int64), Distribution(1, 11), blockElements: 22)
            .sum();
        using (no_grad())
            weight.add_(1f);
        value.backward();
        Assert.All(hidden.grad!.data<float>().ToArray(), x => Assert.Equal(float.NaN, x));
    }

    private static void RequireSame(CausalTransformer model, double temperature)
    {
        using var scope = NewDisposeScope();
        var tokens = tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, [2, 6]);
        var positions = tensor(new long[] { 1, 2, 3, 4, 7, 8, 9, 10 });
        var targets = tensor(new long[] { 3, 4, 5, 6, 9, 10, 22, 0 });
        var factors = tensor(new[] { 1, -1, 2, 0.5, -0.3, 1, 0, 4 });
        (double[] values, var gradients) = Run(PositionLogits.BlockElements);
        (double[] blockValues, var blockGradients) = Run(FewRows);
        for (int i = 0; i < values.Length; i++)
            Assert.Equal(values[i], blockValues[i], 1e-6);
        Assert.Equal(gradients.Count, blockGradients.Count);
        foreach ((string name, double[] gradient) in gradients)
        {
            double largest = gradient.Max(Math.Abs);
            Assert.True(largest > 0, name);
            for (int i = 0; i < gradient.Length; i++)
                // a constant change of all channels is lost in normalisation: its gradient is zero
                Assert.Equal(gradient[i], blockGradients[name][i], 1e-12 + (1e-6 * largest));
        }

        (double[] Values, Dictionary<string, double[]> Gradients) Run(int blockElements)
        {
            model.zero_grad();
            var logits = new PositionLogits(model.HiddenStatesAt(tokens, positions), model.HeadWeight);
            var result = TokenLogProbs.Of(logits, targets, Distribution(temperature, model.VocabularySize), blockElements);
            (result * factors).sum().backward();
            return (
                result.data<double>().ToArray(),
                model
                    .named_parameters()
                    .Where(p => p.parameter.requires_grad)
                    .ToDictionary(p => p.name, p => p.parameter.grad!.data<double>().ToArray())
            );
        }
    }

    private static NextTokenDistribution Distribution(double temperature, int vocabulary) =>
        new(new GenerationOptions { Temperature = temperature }, vocabulary);
}
