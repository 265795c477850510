using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>How a GGUF file stores the elements of a tensor. Immutable; thread-safe.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Number">The number of the type in the format.</param>
/// <param name="BlockSize">Elements of a block.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
internal sealed record GgufFormat(string Name, int Number, int BlockSize, int BlockBytes)
{
    private const float Largest = 65504; // of float16

    internal static readonly GgufFormat Float32 = new("F32", 0, 1, 4),
        Float16 = new("F16", 1, 1, 2),
        Quantized8 = new("Q8_0", 8, 32, 34);

    internal long Bytes(long elements) => elements / BlockSize * BlockBytes;

    /// <summary>Stores values.</summary>
    /// <returns>The index of the first that it cannot hold, or -1.</returns>
    internal int Convert(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        float largest =
            this == Float32 ? float.MaxValue
            : this == Float16 ? Largest
            : 127 * Largest;
        for (int i = 0; i < values.Length; i++)
        {
            if (!(MathF.Abs(values[i]) <= largest))
                return i;
        }

        if (this == Float32)
            MemoryMarshal.AsBytes(values).CopyTo(bytes);
        else if (this == Float16)
        {
            for (int i = 0; i < values.Length; i++)
                BinaryPrimitives.WriteHalfLittleEndian(bytes[(2 * i)..], (Half)values[i]);
        }
        else
        {
            for (int start = 0; start < values.Length; start += BlockSize)
                Quantize(values.Slice(start, BlockSize), bytes.Slice(start / BlockSize * BlockBytes, BlockBytes));
        }

        return -1;
    }

    /// <summary>One block: d = max |x| / 127 as float16, then round(x / d) with the d before it was rounded, as llama.cpp does.</summary>
    private static void Quantize(ReadOnlySpan<float> values, Span<byte> block)
    {
        float most = 0;
        foreach (float value in values)
            most = MathF.Max(most, MathF.Abs(value));
        float step = most / 127,
            inverse = step > 0 ? 1 / step : 0;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)step);
        for (int i = 0; i < values.Length; i++)
            block[2 + i] = (byte)(sbyte)Math.Clamp(MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero), -127, 127);
    }
}
