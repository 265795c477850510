using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>Float16 and bfloat16 as float32: exact, so the same values come back when they are narrowed again.</summary>
internal static class HalfPrecision
{
    /// <summary>Widens every value.</summary>
    /// <param name="source">The bits of the values.</param>
    /// <param name="target">As long as <paramref name="source"/>.</param>
    /// <param name="type">Float16 or BFloat16.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a model is loaded once: the loop must be fast at its first run
    internal static void Widen(ReadOnlySpan<ushort> source, Span<float> target, ScalarType type)
    {
        bool isBFloat = type == ScalarType.BFloat16;
        var bits = MemoryMarshal.Cast<float, uint>(target);
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            (isBFloat ? low << 16 : FromHalf(low)).CopyTo(bits[i..]);
            (isBFloat ? high << 16 : FromHalf(high)).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++)
            target[i] = isBFloat ? BitConverter.UInt32BitsToSingle((uint)source[i] << 16) : (float)BitConverter.UInt16BitsToHalf(source[i]);
    }

    /// <summary>
    /// Exponent and fraction are moved into place and the value multiplied by 2^112, the difference of the two exponent biases, which is
    /// right for denormal numbers too; what was infinite or no number gets the largest exponent back.
    /// </summary>
    private static Vector<uint> FromHalf(Vector<uint> half)
    {
        var magnitude = (half & new Vector<uint>(0x7fff)) << 13;
        var scaled = Vector.AsVectorUInt32(
            Vector.AsVectorSingle(magnitude) * new Vector<float>(BitConverter.UInt32BitsToSingle((127 + 112) << 23))
        );
        var special = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7c00 << 13)) & new Vector<uint>(0x7f800000);
        return scaled | special | ((half & new Vector<uint>(0x8000)) << 16);
    }
}
