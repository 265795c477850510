using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

[Trait("Tier", "torch")]
[Collection("Leaks")]
public sealed class CausalTransformerLeakTests
{
    public static TheoryData<string> Families => [.. TinyDecoders.Configs.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Nothing_is_left_behind(string family) => NothingIsLeft(family, mixed: false);

    [Fact]
    public void Nothing_is_left_behind_in_mixed_precision() => NothingIsLeft("llama", mixed: true);

    private static void NothingIsLeft(string family, bool mixed)
    {
        using var model = TinyDecoders.Create(family);
        model.UseMixedPrecision(mixed);
        using var tokens = tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8 }, [2, 4]);
        using var next = tensor(new long[] { 1, 2 });
        Use();
        long before = LiveTensors.Settled();
        Use();
        Assert.Equal(before, LiveTensors.Now);

        void Use()
        {
            using var noGradient = no_grad();
            using var logits = model.forward(tokens);
            using var hidden = model.HiddenStates(tokens);
            using var decoding = model.StartDecoding(tokens, [4, 3], 2, out var first);
            using var second = decoding.Append(next);
            ILayerDecoder layered = model;
            using var layers = layered.HiddenStatesAt(tokens, next, [0, 1]);
            using var stopped = layered.StartHiddenDecoding(tokens, [4, 3], 2, [1], out var told);
            using var more = stopped.Append(next);
            told.Dispose();
            Assert.ThrowsAny<ArgumentException>(() => decoding.CopyRows([0, 7]));
            decoding.SelectRows([1, 0, 1]);
            decoding.SelectRows([0, 1]);
            using var third = decoding.Append(next);
            first.Dispose();
        }
    }

    [Fact]
    public void Blocks_of_logits_and_adapters_leave_nothing_behind_a_training_step()
    {
        using var model = TinyDecoders.Create("llama");
        using var adapted = model.WithLora();
        using var tokens = tensor(new long[] { 1, 2, 3, 4, 5, 6, 7, 8 }, [2, 4]);
        using var positions = tensor(new long[] { 0, 1, 2, 4, 5, 6 });
        using var targets = tensor(new long[] { 2, 3, 4, 6, 7, 8 });
        var distribution = new NextTokenDistribution(new GenerationOptions(), TinyDecoders.Vocabulary);
        using var mixed = TinyDecoders.Create("gpt2");
        mixed.UseMixedPrecision();
        mixed.RecomputeActivations();
        foreach (var trained in new[] { model, adapted, mixed })
        {
            Use(trained);
            long before = LiveTensors.Settled();
            Use(trained);
            Use(trained);
            Assert.Equal(before, LiveTensors.Now);
            var first = new Thread(() => Use(trained)); // of which no earlier step left anything that this one could free
            first.Start();
            first.Join();
            Assert.Equal(before, LiveTensors.Now);
        }

        void Use(CausalTransformer trained)
        {
            using var scope = NewDisposeScope();
            var logits = new PositionLogits(trained.HiddenStatesAt(tokens, positions), trained.HeadWeight);
            var value = TokenLogProbs.Of(logits, targets, distribution, blockElements: 2 * TinyDecoders.Vocabulary);
            trained.zero_grad();
            value.sum().backward();
        }
    }
}
