using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>The numbers of tensors as plain data. Stateless, thread-safe.</summary>
internal static class TensorValues
{
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
