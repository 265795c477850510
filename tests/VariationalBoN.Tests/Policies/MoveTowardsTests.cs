using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;

namespace VariationalBoN.Tests.Policies;

[Trait("Tier", "torch")]
public sealed class MoveTowardsTests
{
    private static readonly Gpt2Config s_config = new()
    {
        VocabularySize = 5,
        MaxLength = 4,
        Width = 4,
        Layers = 1,
        Heads = 1,
        Activation = "relu",
    };

    [Fact]
    public void Each_value_moves_by_the_rate()
    {
        using Gpt2 model = new(s_config, seed: 1),
            anchor = new(s_config, seed: 2),
            other = new(s_config with { Layers = 2 }, seed: 2);
        float[] from = Values(anchor),
            to = Values(model);

        anchor.MoveTowards(model, 0.25);
        Assert.All(Values(anchor).Zip(from.Zip(to)), v => Assert.Equal((0.75 * v.Second.First) + (0.25 * v.Second.Second), v.First, 1e-6));
        Assert.Equal(to, Values(model));

        Assert.Throws<ArgumentOutOfRangeException>(() => anchor.MoveTowards(model, double.NaN));
        Assert.Contains("h.1.", Assert.Throws<ArgumentException>(() => anchor.MoveTowards(other, 0.5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rate_1_copies_and_rate_0_leaves_each_bit()
    {
        float[] from = [-0.0f, 0.3f, float.NegativeInfinity, float.NaN],
            to = [float.PositiveInfinity, -0.0f, float.Epsilon, 1e30f];
        using Tied model = new(to),
            anchor = new(from);

        anchor.MoveTowards(model, 0);
        Assert.Equal(Bits(from), Bits(anchor.Values));
        anchor.MoveTowards(model, 1);
        Assert.Equal(Bits(to), Bits(anchor.Values));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    public void A_base_that_both_share_stays_and_the_adapters_move(double rate)
    {
        using var reference = new Gpt2(s_config, seed: 1);
        using CausalTransformer model = reference.WithLora(seed: 2),
            anchor = reference.WithLora(seed: 3);
        float[] shared = Values(reference),
            from = Adapters(anchor),
            to = Adapters(model);
        Assert.NotEqual(from, to);

        anchor.MoveTowards(model, rate);

        Assert.Equal(Bits(shared), Bits(Values(reference)));
        Assert.All(
            Adapters(anchor).Zip(from.Zip(to)),
            v => Assert.Equal(((1 - rate) * v.Second.First) + (rate * v.Second.Second), v.First, 1e-6)
        );
        Assert.Equal(to, Adapters(model));
    }

    [Fact]
    public void What_stands_under_several_names_moves_once_and_a_module_towards_itself_not_at_all()
    {
        using Tied model = new([8, 4]),
            anchor = new([0, 2]);

        anchor.MoveTowards(model, 0.5);
        Assert.Equal([4, 3], anchor.Values); // twice would give 6 and 3.5
        anchor.MoveTowards(anchor, 0.5);
        Assert.Equal([4, 3], anchor.Values); // w / 2 + w' / 2 with w halved already would give 3 and 2.25
    }

    private static float[] Values(CausalTransformer model) =>
        Floats(model.state_dict().OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value));

    private static float[] Adapters(CausalTransformer model) => Floats(model.LoraParameters());

    private static float[] Floats(IEnumerable<torch.Tensor> tensors)
    {
        using var scope = torch.NewDisposeScope();
        return [.. tensors.SelectMany(tensor => tensor.detach().contiguous().data<float>().ToArray())];
    }

    private static int[] Bits(float[] values) => MemoryMarshal.Cast<float, int>(values).ToArray();

    /// <summary>One memory under two names.</summary>
    private sealed class Tied : torch.nn.Module
    {
        private readonly Parameter embedding,
            head;

        public Tied(float[] values)
            : base(nameof(Tied))
        {
            embedding = new Parameter(torch.tensor(values));
            head = new Parameter(embedding.detach());
            RegisterComponents();
            Assert.Equal(2, state_dict().Count);
        }

        public float[] Values => Floats([head]);
    }
}
