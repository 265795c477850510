using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Torch;

/// <summary>Arithmetic of a tensor with a number, and sums. Stateless, thread-safe.</summary>
/// <remarks>
/// TorchSharp's own operators turn the number into a native Scalar that nothing holds during the call: a garbage collection in another thread can free
/// it while it is read. Here it lives until the call has returned. Integers leave an integer tensor what it is.
/// </remarks>
internal static class ScalarArithmetic
{
    /// <summary>A sum of tensors, whose factor 1 is such a number.</summary>
    public static Tensor Plus(this Tensor left, Tensor right)
    {
        using Scalar one = 1;
        return left.add(right, one);
    }

    public static Tensor Plus(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.add(scalar);
    }

    public static Tensor Plus(this Tensor tensor, long number)
    {
        using Scalar scalar = number;
        return tensor.add(scalar);
    }

    public static Tensor Times(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.mul(scalar);
    }

    public static Tensor Times(this Tensor tensor, long number)
    {
        using Scalar scalar = number;
        return tensor.mul(scalar);
    }

    public static Tensor Over(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.div(scalar);
    }

    public static Tensor IsBelow(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.lt(scalar);
    }

    public static Tensor AtLeast(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.clamp_min(scalar);
    }

    public static Tensor AtLeast(this Tensor tensor, long number)
    {
        using Scalar scalar = number;
        return tensor.clamp_min(scalar);
    }

    public static Tensor AtMost(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.clamp_max(scalar);
    }

    public static Tensor FilledWith(this Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return full_like(tensor, scalar);
    }
}
