using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>Sums of tensors and constant tensors. Stateless, thread-safe.</summary>
/// <remarks>
/// TorchSharp's <c>a + b</c>, <c>add_</c>, <c>full</c> and <c>arange</c> pass numbers in native Scalars that nothing holds during the call: a garbage collection in another
/// thread can free one while it is read. Here they live until the call has returned.
/// </remarks>
internal static class TensorSums
{
    /// <summary>a + b.</summary>
    internal static Tensor Plus(this Tensor left, Tensor right)
    {
        using Scalar one = 1;
        return left.add(right, one);
    }

    /// <summary>Adds to a tensor in place.</summary>
    internal static void Increase(this Tensor sum, Tensor term)
    {
        using Scalar one = 1;
        sum.add_(term, one);
    }

    /// <summary>One value everywhere.</summary>
    internal static Tensor Filled(ReadOnlySpan<long> shape, double value, ScalarType type, Device device)
    {
        using Scalar number = value;
        return full(shape, number, dtype: type, device: device);
    }

    /// <summary>0, step, 2 step ... below a limit, int64.</summary>
    internal static Tensor Counted(long limit, Device device, long step = 1)
    {
        using Scalar first = 0, end = limit, by = step;
        return arange(first, end, by, ScalarType.Int64, device);
    }
}
