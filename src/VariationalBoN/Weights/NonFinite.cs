using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace VariationalBoN.Weights;

/// <summary>Finds NaN and infinity in the bytes of floating-point numbers: those whose exponent is all ones.</summary>
internal static class NonFinite
{
    /// <summary>The index of the first element that is not finite; -1 when all are, or when the type has none.</summary>
    internal static long IndexIn(ReadOnlySpan<byte> bytes, ScalarType type) =>
        type switch
        {
            ScalarType.Float16 => First<ushort>(bytes, 0x7c00),
            ScalarType.BFloat16 => First<ushort>(bytes, 0x7f80),
            ScalarType.Float32 => First(bytes, 0x7f800000u),
            ScalarType.Float64 => First(bytes, 0x7ff0000000000000ul),
            _ => -1,
        };

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a model is loaded once: the loop must be fast at its first run
    private static long First<T>(ReadOnlySpan<byte> bytes, T exponent)
        where T : unmanaged, IBinaryInteger<T>
    {
        var values = MemoryMarshal.Cast<byte, T>(bytes);
        var mask = new Vector<T>(exponent);
        int i = 0;
        while (i <= values.Length - Vector<T>.Count && !Vector.EqualsAny(new Vector<T>(values[i..]) & mask, mask))
            i += Vector<T>.Count;
        for (; i < values.Length; i++)
        {
            if ((values[i] & exponent) == exponent)
                return i;
        }

        return -1;
    }
}
