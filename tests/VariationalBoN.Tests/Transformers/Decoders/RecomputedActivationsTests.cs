using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>Blocks that are computed again in the backward pass: the very gradients of those whose activations are kept.</summary>
[Trait("Tier", "torch")]
public sealed class RecomputedActivationsTests
{
    public static TheoryData<string, bool, bool> Ways
    {
        get
        {
            var ways = new TheoryData<string, bool, bool>();
            foreach (string family in TinyDecoders.Configs.Keys)
            {
                ways.Add(family, false, false);
                ways.Add(family, true, family.Length % 2 == 0); // with and without adapters
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Gradients_are_equal_to_the_last_bit(string family, bool mixed, bool adapters)
    {
        using var scope = NewDisposeScope();
        using var whole = TinyDecoders.Create(family);
        whole.UseMixedPrecision(mixed);
        using var adapted = adapters ? whole.WithLora(new LoraOptions { Rank = 2 }) : null;
        var model = adapted ?? whole;
        var kept = Pass(model);
        model.RecomputeActivations();
        Assert.Equal(kept, Pass(model));
        Assert.Equal(kept, Pass(model)); // nor is anything left from one step to the next
    }

    [Fact]
    public void Adapted_models_have_it_and_without_gradients_it_does_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create("gpt2");
        model.RecomputeActivations();
        using var adapted = model.WithLora();
        Assert.True(adapted.RecomputesActivations);
        using var merged = adapted.MergeLora();
        Assert.True(merged.RecomputesActivations);
        using var noGradient = no_grad();
        var tokens = tensor(new long[] { 1, 2, 3, 4 }, [1, 4]);
        Assert.False(model.forward(tokens).requires_grad);
    }

    [Fact]
    public void Weight_that_was_changed_before_the_backward_pass_makes_the_gradients_NaN()
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create("gpt2");
        model.RecomputeActivations();
        var value = model.HiddenStates(tensor(new long[] { 1, 2, 3, 4 }, [1, 4])).sum();
        using (no_grad())
        {
            foreach (var (_, parameter) in model.named_parameters().Where(pair => pair.name.StartsWith("h.1.", StringComparison.Ordinal)))
                parameter.zero_();
        }

        value.backward();
        Assert.All(
            model.named_parameters().Where(pair => pair.name.StartsWith("h.", StringComparison.Ordinal)),
            pair => Assert.Contains(pair.parameter.grad!.Doubles(), double.IsNaN)
        );
    }

    private static double[] Pass(CausalTransformer model)
    {
        using var scope = NewDisposeScope();
        model.zero_grad();
        var logits = model.forward(tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }, [2, 6])); // longer than the windows
        logits.log_softmax(-1).select(2, 5).sum().backward();
        var trained = model.parameters().Where(parameter => parameter.requires_grad).ToList();
        Assert.All(trained, parameter => Assert.NotNull(parameter.grad));
        return [.. logits.Doubles(), .. trained.SelectMany(parameter => parameter.grad!.Doubles())];
    }
}
