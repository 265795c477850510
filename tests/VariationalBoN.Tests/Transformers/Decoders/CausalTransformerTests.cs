using TorchSharp;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>What holds for every family.</summary>
[Trait("Tier", "torch")]
public sealed class CausalTransformerTests
{
    private static readonly int[] Lengths = [7, 3, 9];

    public static TheoryData<string> Families => [.. TinyDecoders.Configs.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void Decoding_through_the_cache_gives_the_logits_of_the_whole_sequences_when_rows_move(string family)
    {
        using var model = TinyDecoders.Create(family);
        DecodeAndCompare(model, RequireClose);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Decoding_in_bfloat16_gives_the_logits_of_the_whole_sequences_up_to_its_rounding(string family)
    {
        using var model = TinyDecoders.Create(family);
        Sharpen(model);
        model.to(ScalarType.BFloat16);
        DecodeAndCompare(
            model,
            (expected, actual) =>
                Assert.InRange(((expected - actual).abs().max() / expected.abs().max()).to(ScalarType.Float32).item<float>(), 0, 0.04)
        );
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_parameter_gets_a_gradient_and_starts_from_its_seed(string family)
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create(family);
        model
            .forward(
                Padded([
                    [1, 2, 3, 4, 5, 6, 7, 8],
                ])
            )
            .log_softmax(-1)
            .narrow(2, 0, 1)
            .sum()
            .backward();
        Assert.All(model.named_parameters(), p => Assert.True(p.parameter.grad!.abs().sum().item<float>() > 0, p.name));
        using var same = TinyDecoders.Create(family);
        Assert.Equal(model.parameters().SelectMany(p => p.bytes.ToArray()), same.parameters().SelectMany(p => p.bytes.ToArray()));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Bfloat16_model_stays_near_and_its_cache_agrees_with_itself(string family)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var model = TinyDecoders.Create(family);
        using var half = TinyDecoders.Create(family);
        half.to(ScalarType.BFloat16);
        var tokens = Padded([
            [1, 2, 3, 4, 5],
            [5, 4, 3, 2, 1],
        ]);
        var (exact, near) = (model.forward(tokens), half.forward(tokens));
        Assert.Equal((ScalarType.BFloat16, ScalarType.BFloat16), (near.dtype, half.ElementType));
        double scale = exact.abs().max().item<float>();
        Assert.InRange((exact - near.to(ScalarType.Float32)).abs().max().item<float>(), 0, 0.05 * scale);
        using var decoding = half.StartDecoding(tokens.narrow(1, 0, 4).contiguous(), [4, 4], 1, out _);
        var stepped = decoding.Append(tokens.select(1, 4).contiguous());
        Assert.InRange((exact.select(1, 4) - stepped.to(ScalarType.Float32)).abs().max().item<float>(), 0, 0.05 * scale);
    }

    [Fact]
    public void Window_hides_exactly_the_tokens_that_have_left_it()
    {
        using var scope = NewDisposeScope();
        using var model = (TinyDecoders.Configs["mistral"] with { Layers = 1 }).Create(seed: 3);
        var logits = Last([1, 2, 3, 4, 5, 6, 7]);
        Assert.InRange(Difference([1, 2, 9, 4, 5, 6, 7]), 0, 1e-7); // four tokens are seen: 4, 5, 6, 7
        Assert.InRange(Difference([1, 2, 3, 9, 5, 6, 7]), 1e-5, double.MaxValue);

        Tensor Last(List<long> tokens) => model.forward(Padded([tokens]))[0, 6];
        double Difference(List<long> tokens) => (Last(tokens) - logits).abs().max().item<float>();
    }

    [Fact]
    public void Hidden_states_are_what_the_output_layer_reads()
    {
        using var scope = NewDisposeScope();
        using var model = TinyDecoders.Create("llama");
        var tokens = Padded([
            [1, 2, 3],
            [4, 5, 6],
        ]);
        var head = model.state_dict()["lm_head.weight"];
        RequireClose(model.forward(tokens).view(6, -1), model.HiddenStates(tokens).mm(head.t()));
        Assert.Throws<ArgumentException>(() => model.HiddenStates(zeros(3, ScalarType.Int64)));
    }

    private static void DecodeAndCompare(CausalTransformer model, Action<Tensor, Tensor> requireClose)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var rows = Lengths
            .Select((length, row) => Enumerable.Range(0, length).Select(t => (long)((5 * t) + row) % TinyDecoders.Vocabulary).ToList())
            .ToList();
        using var decoding = model.StartDecoding(Padded(rows), Lengths, 8, out var logits);
        for (int step = 0; step < 8; step++)
        {
            requireClose(
                model.LogitsAt(Padded(rows), tensor(rows.Select((row, i) => ((long)i * rows.Max(r => r.Count)) + row.Count - 1).ToArray())),
                logits
            );
            if (step is 0 or 3)
            {
                int[] order = step == 0 ? [2, 0, 0, 1] : [3, 1];
                decoding.SelectRows(order);
                rows = [.. order.Select(row => rows[row].ToList())];
            }

            long[] next = [.. rows.Select((_, row) => (long)((3 * step) + (7 * row) + 1) % TinyDecoders.Vocabulary)];
            for (int row = 0; row < rows.Count; row++)
                rows[row].Add(next[row]);
            logits = decoding.Append(tensor(next));
        }
    }

    /// <summary>Larger matrices than a new model has, so that what a token sees decides its logits.</summary>
    private static void Sharpen(CausalTransformer model)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using Scalar factor = 10; // held until the calls return
        foreach (var matrix in model.parameters().Where(parameter => parameter.dim() == 2))
            matrix.mul_(factor);
    }

    private static Tensor Padded(List<List<long>> rows)
    {
        int width = rows.Max(row => row.Count);
        return tensor(rows.SelectMany(row => row.Concat(Enumerable.Repeat(11L, width - row.Count))).ToArray(), [rows.Count, width]);
    }

    private static void RequireClose(Tensor expected, Tensor actual) =>
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 2e-6);
}
