using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>The numbers of tensors as plain data. Stateless, thread-safe.</summary>
internal static class TensorValues
{
    /// <summary>Elements of one piece: of every type far below the 2 GiB that a span of bytes can hold.</summary>
    internal const long PieceSize = 1 << 20;

    /// <summary>Hands on the values in pieces, the last index fastest, each contiguous and on the CPU; of any device and layout.</summary>
    internal static void ForEachPiece(this Tensor tensor, Action<Tensor> act)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var flat = tensor.detach().reshape(-1);
        for (long start = 0; start < flat.numel(); start += PieceSize)
        {
            using var inner = NewDisposeScope();
            act(flat.narrow(0, start, Math.Min(PieceSize, flat.numel() - start)).cpu().contiguous());
        }
    }

    /// <summary>
    /// A copy of all values as doubles, the last index fastest; of any device, layout and number type. No tensor is left behind.
    /// </summary>
    internal static double[] Doubles(this Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return tensor.detach().to(ScalarType.Float64).cpu().contiguous().Elements<double>().ToArray();
    }

    /// <summary>The values in place, of a contiguous tensor on the CPU whose element type is T; they end with the tensor.</summary>
    internal static Span<T> Elements<T>(this Tensor tensor)
        where T : struct => MemoryMarshal.Cast<byte, T>(tensor.bytes);
}
