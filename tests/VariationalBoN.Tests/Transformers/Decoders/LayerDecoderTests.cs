using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>Hidden states of layers: beside the last, which stay what they are; the same through the cache as of whole sequences, in every
/// precision. What they are is in <see cref="NaiveModelTests"/>.</summary>
[Trait("Tier", "torch")]
public sealed class LayerDecoderTests
{
    private const int Rows = 3,
        Steps = 5;
    private static readonly int[] s_lengths = [4, 1, 3];
    private static readonly long[][] s_rows =
    [
        [3, 1, 4, 1, 5, 9, 2, 6, 5, 3],
        [8, 9, 7, 9, 3, 2, 3, 8, 4, 6],
        [2, 6, 4, 3, 3, 8, 3, 2, 7, 9],
    ];

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string family in TinyDecoders.Configs.Keys)
            {
                foreach (string type in new[] { "float32", "bfloat16", "mixed" })
                    cases.Add(family, type);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Decoding_tells_the_layers_that_whole_sequences_have_and_leaves_the_last_as_it_is(string family, string type)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        ILayerDecoder model = Create(family, type);
        double close = type == "float32" ? 1e-5 : 0.03;
        long width = model.HeadWeight.size(1);
        var (prompts, next) = (Prompts(), Enumerable.Range(0, Steps).Select(Next).ToArray());
        using IDecoding plain = model.StartHiddenDecoding(prompts, s_lengths, Steps, out var last),
            layered = model.StartHiddenDecoding(prompts, s_lengths, Steps, [1, 0], out var told);
        Require(last, told, 0, [0, 1, 2]);
        for (int step = 0; step < Steps; step++)
        {
            if (step == 2)
            {
                plain.SelectRows([2, 0]);
                layered.SelectRows([2, 0]);
            }

            int[] rows = step < 2 ? [0, 1, 2] : [2, 0];
            var tokens = next[step].index_select(0, tensor(Array.ConvertAll(rows, row => (long)row)));
            Require(plain.Append(tokens), layered.Append(tokens), step + 1, rows);
        }

        void Require(Tensor alone, Tensor beside, int taken, int[] rows)
        {
            Assert.Equal([rows.Length, 3 * width], beside.shape);
            Assert.Equal(alone.dtype, beside.dtype);
            Assert.True(alone.eq(beside.narrow(1, 0, width)).all().item<bool>()); // bit for bit
            for (int i = 0; i < rows.Length; i++)
            {
                long[] row = s_rows[rows[i]][..(s_lengths[rows[i]] + taken)];
                var whole = model.HiddenStatesAt(tensor(row, [1, row.Length]), tensor(new[] { row.Length - 1L }), [1, 0]);
                Assert.Equal(beside.dtype, whole.dtype);
                var far = (whole[0].to(ScalarType.Float32) - beside[i].to(ScalarType.Float32)).abs().max().item<float>();
                Assert.InRange(far, 0, close * Math.Max(1, whole.to(ScalarType.Float32).abs().max().item<float>()));
            }
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void A_layer_that_is_not_there_is_named(int layer)
    {
        using var model = TinyDecoders.Create("gpt2");
        using var tokens = tensor(new long[] { 1, 2 }, [1, 2]);
        ILayerDecoder layered = model;
        foreach (
            Action ask in new Action[]
            {
                () => layered.HiddenStatesAt(tokens, tensor(new long[] { 0 }), [0, layer]),
                () => layered.StartHiddenDecoding(tokens, [2], 1, [layer], out _),
            }
        )
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(ask);
            Assert.Equal(layer, error.ActualValue);
            Assert.Contains("0 to 1", error.Message, StringComparison.Ordinal);
        }
    }

    private static CausalTransformer Create(string family, string type)
    {
        CausalTransformer model = TinyDecoders.Create(family);
        if (type == "bfloat16")
            model.to(ScalarType.BFloat16);
        model.UseMixedPrecision(type == "mixed");
        return model;
    }

    private static Tensor Prompts() =>
        tensor([.. s_rows.SelectMany((row, i) => row[..4].Select((token, t) => t < s_lengths[i] ? token : 0))], [Rows, 4]);

    private static Tensor Next(int step) => tensor([.. s_rows.Select((row, i) => row[s_lengths[i] + step])]);
}
