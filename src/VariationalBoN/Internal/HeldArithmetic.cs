using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Internal;

/// <summary>Arithmetic of tensors with numbers, sums, and constant tensors. Stateless, thread-safe.</summary>
/// <remarks>
/// TorchSharp turns a plain number into a native Scalar, often within its own call (<c>a + b</c>, <c>square</c>, <c>softplus</c>), and
/// nothing holds it while libtorch reads it: a garbage collection that another thread causes can free it in that moment. Here each number
/// lives until the call has returned. Integers leave an integer tensor what it is. docs/upstream-native-numbers.md tells more; a test
/// derives from TorchSharp's code what may not be called.
/// </remarks>
internal static class HeldArithmetic
{
    /// <summary>A sum of tensors, whose factor 1 is such a number.</summary>
    public static Tensor Plus(this Tensor left, Tensor right)
    {
        using Scalar one = 1;
        return left.add(right, one);
    }

    public static Tensor Plus(this Tensor tensor, double number)
    {
        using Scalar scalar = number,
            one = 1;
        return tensor.add(scalar, one);
    }

    public static Tensor Plus(this Tensor tensor, long number)
    {
        using Scalar scalar = number,
            one = 1;
        return tensor.add(scalar, one);
    }

    /// <summary>Adds to a tensor in place.</summary>
    public static void Increase(this Tensor sum, Tensor term)
    {
        using Scalar one = 1;
        sum.add_(term, one);
    }

    /// <summary>Adds a number to a tensor in place.</summary>
    public static void Increase(this Tensor sum, long number)
    {
        using Scalar scalar = number,
            one = 1;
        sum.add_(scalar, one);
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

    /// <summary>x^2.</summary>
    public static Tensor Squared(this Tensor tensor)
    {
        using Scalar two = 2;
        return tensor.pow(two);
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

    /// <summary>One value everywhere.</summary>
    public static Tensor Filled(ReadOnlySpan<long> shape, double value, ScalarType type, Device device)
    {
        using Scalar number = value;
        return full(shape, number, dtype: type, device: device);
    }

    /// <summary>0, step, 2 step ... below a limit, int64.</summary>
    public static Tensor Counted(long limit, Device device, long step = 1)
    {
        using Scalar first = 0,
            end = limit,
            by = step;
        return arange(first, end, by, ScalarType.Int64, device);
    }
}
