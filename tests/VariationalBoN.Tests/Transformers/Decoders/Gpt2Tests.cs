using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

[Trait("Tier", "torch")]
public sealed class Gpt2Tests
{
    private static readonly Gpt2Config Config = new()
    {
        VocabularySize = 11,
        MaxLength = 8,
        Width = 12,
        Layers = 2,
        Heads = 3,
        Activation = "relu",
    };

    [Fact]
    public void Same_seed_gives_the_same_bits_and_another_seed_others()
    {
        using var one = new Gpt2(Config, 5);
        using var same = new Gpt2(Config, 5);
        using var other = new Gpt2(Config, 6);
        Assert.Equal(Bytes(one), Bytes(same));
        Assert.NotEqual(Bytes(one), Bytes(other));
    }

    [Fact]
    public void Initial_values_have_the_spread_of_GPT2_and_names_of_transformers()
    {
        using var model = new Gpt2(Config with { Width = 96, VocabularySize = 500 }, 7);
        var parameters = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        Assert.Equal(2 + (2 * 12) + 2, parameters.Count);
        Assert.Equal([96L, 288], parameters["h.1.attn.c_attn.weight"].shape);
        Assert.Equal(0.02, Deviation(parameters["wte.weight"]), 0.0004); // 48,000 values: 3 standard errors are 0.0002
        Assert.Equal(0.01, Deviation(parameters["h.0.mlp.c_proj.weight"]), 0.0002); // 0.02 / sqrt(2 * 2)
        Assert.Equal(0.0, Deviation(parameters["h.0.mlp.c_fc.bias"]));
        Assert.Equal(1f, parameters["ln_f.weight"].data<float>()[0]);
    }

    [Fact]
    public void Embedding_and_head_are_one_parameter()
    {
        using var model = new Gpt2(Config, 1);
        Assert.DoesNotContain(model.state_dict().Keys, name => name.Contains("lm_head", StringComparison.Ordinal));
        Assert.Equal(model.state_dict().Count, model.parameters().Count());
    }

    [Fact]
    public void Later_tokens_do_not_change_earlier_logits()
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt2(Config, 3);
        var a = model.forward(tensor(new long[] { 1, 2, 3, 4, 5 }, [1, 5])).narrow(1, 0, 3);
        var b = model.forward(tensor(new long[] { 1, 2, 3, 9, 0 }, [1, 5])).narrow(1, 0, 3);
        Assert.True((a - b).abs().max().item<float>() <= 1e-6f);
        Assert.False((a - model.forward(tensor(new long[] { 0, 2, 3, 4, 5 }, [1, 5])).narrow(1, 0, 3)).abs().max().item<float>() <= 1e-6f);
    }

    [Fact]
    public void Every_parameter_gets_a_gradient()
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt2(Config, 3);
        model.forward(tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8 }, [1, 8])).log_softmax(-1).narrow(2, 0, 1).sum().backward();
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad!.abs().sum().item<float>() > 0, p.name));
    }

    [Theory]
    [InlineData(9)]
    [InlineData(0)]
    public void Sequence_that_does_not_fit_is_refused(int length)
    {
        using var scope = NewDisposeScope();
        using var model = new Gpt2(Config, 3);
        Assert.Contains(
            "1 to 8",
            Assert.Throws<ArgumentException>(() => model.forward(zeros([1, length], ScalarType.Int64))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Model_made_in_a_dispose_scope_survives_it()
    {
        Gpt2 model;
        using (NewDisposeScope())
            model = new Gpt2(Config, 3);
        Assert.Equal([11L, 12], model.parameters().First().shape);
        model.Dispose();
    }

    private static byte[] Bytes(Gpt2 model) => [.. model.parameters().SelectMany(p => p.bytes.ToArray())];

    private static double Deviation(Tensor values)
    {
        float[] v = values.data<float>().ToArray();
        double mean = v.Average();
        return Math.Sqrt(v.Sum(x => (x - mean) * (x - mean)) / v.Length);
    }
}
