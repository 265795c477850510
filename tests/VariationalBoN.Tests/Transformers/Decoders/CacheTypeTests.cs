using TorchSharp;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Decoders;

/// <summary>The element type of the cache, and decoding in bfloat16 over it.</summary>
[Trait("Tier", "torch")]
public sealed class CacheTypeTests
{
    [Theory]
    [InlineData(ScalarType.BFloat16, DeviceType.CPU, true, ScalarType.BFloat16)]
    [InlineData(ScalarType.BFloat16, DeviceType.CPU, false, ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16, DeviceType.CUDA, false, ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32, DeviceType.CPU, false, ScalarType.Float32)]
    [InlineData(ScalarType.Float64, DeviceType.CPU, false, ScalarType.Float64)]
    public void It_is_float32_for_bfloat16_where_products_of_bfloat16_are_slow(
        ScalarType activations,
        DeviceType device,
        bool fast,
        ScalarType expected
    ) => Assert.Equal(expected, CacheType.For(activations, device, fast));

    /// <summary>Rows of unlike lengths; the distance of bfloat16 to float32 without a cache is the yardstick.</summary>
    [Theory]
    [InlineData("gpt2")]
    [InlineData("pythia")]
    [InlineData("llama")]
    [InlineData("qwen2")]
    public void Steps_in_bfloat16_are_as_near_to_float32_as_whole_sequences_in_bfloat16(string name)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        CausalTransformer full = TinyDecoders.Create(name),
            half = TinyDecoders.Create(name);
        half.to(ScalarType.BFloat16);
        long[][] rows =
        [
            [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8],
            [9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4],
        ];
        int[] lengths = [6, 4];
        using IDecoding decoding = half.StartDecoding(tensor([.. rows.SelectMany(row => row[..6])], [2, 6]), lengths, 6, out Tensor logits);
        double cached = 0,
            whole = 0;
        for (int step = 0; step < 6; step++)
        {
            logits = decoding.Append(tensor([.. rows.Select((row, i) => row[lengths[i] + step])]));
            for (int i = 0; i < 2; i++)
            {
                Tensor seen = tensor(rows[i][..(lengths[i] + step + 1)]).unsqueeze(0);
                float[] exact = Last(full.forward(seen));
                cached = Math.Max(cached, Distance(exact, logits[i].to(ScalarType.Float32).data<float>().ToArray()));
                whole = Math.Max(whole, Distance(exact, Last(half.forward(seen))));
            }
        }

        Assert.InRange(cached, 0, 2 * whole);
        full.Dispose();
        half.Dispose();

        static float[] Last(Tensor logits) => logits[0, -1].to(ScalarType.Float32).data<float>().ToArray();
        static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max();
    }
}
