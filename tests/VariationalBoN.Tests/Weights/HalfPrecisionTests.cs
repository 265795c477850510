using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Weights;

/// <summary>Against .NET's conversion of a half and Torch's of a bfloat16, for every one of their 65,536 values.</summary>
[Trait("Tier", "torch")]
public sealed class HalfPrecisionTests
{
    private static readonly ushort[] All = [.. Enumerable.Range(0, 65536).Select(bits => (ushort)bits)];

    [Fact]
    public void Every_half_is_the_number_that_it_is()
    {
        float[] widened = new float[All.Length];
        HalfPrecision.Widen(All, widened, ScalarType.Float16);
        for (int i = 0; i < All.Length; i++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf(All[i]);
            Assert.True(
                float.IsNaN(expected)
                    ? float.IsNaN(widened[i])
                    : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(widened[i]),
                $"0x{i:x4} became {widened[i]}"
            );
        }
    }

    [Fact]
    public void Every_bfloat16_is_the_number_that_it_is()
    {
        using var scope = NewDisposeScope();
        float[] widened = new float[All.Length];
        HalfPrecision.Widen(All, widened, ScalarType.BFloat16);
        var values = empty(All.Length, dtype: ScalarType.BFloat16);
        System.Runtime.InteropServices.MemoryMarshal.AsBytes<ushort>(All).CopyTo(values.bytes);
        Assert.Equal(values.to(ScalarType.Float32).data<float>().ToArray(), widened);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(33)]
    public void Lengths_that_fill_no_vector_are_widened_as_well(int length)
    {
        float[] widened = new float[length];
        HalfPrecision.Widen([.. Enumerable.Repeat((ushort)0x3c00, length)], widened, ScalarType.Float16);
        Assert.Equal(Enumerable.Repeat(1f, length), widened);
    }
}
