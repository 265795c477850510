namespace VariationalBoN.Numerics;

/// <summary>Elementary functions of logarithms that keep their digits where the textbook forms lose them.</summary>
/// <remarks>
/// .NET's <c>double.LogP1</c> and <c>double.ExpM1</c> are Log(1 + x) and Exp(x) - 1 as written (LogP1(1e-20) is 0), and Expm1 of
/// MathNet.Numerics 5.0 has lost nine digits at x = -0.0645; the forms here are within 2 units in the last place. NaN in gives NaN out
/// where no range is named. Stateless, thread-safe.
/// </remarks>
public static class LogMath
{
    internal const double Ln2 = 0.69314718055994530942;

    /// <summary>log(1 + x), exact to rounding for tiny x.</summary>
    /// <remarks>Source: Kahan's correction log(u) x / (u - 1), u = 1 + x (Higham,
    /// Accuracy and Stability of Numerical Algorithms, 1.14.1).</remarks>
    /// <param name="x">At least -1; -1 gives -infinity.</param>
    /// <returns>log(1 + x).</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="x"/> is below -1 or NaN.</exception>
    public static double Log1p(double x)
    {
        if (!(x >= -1))
            throw new ArgumentOutOfRangeException(nameof(x), x, "log(1 + x) needs x at or above -1.");
        return Log1pUnchecked(x);
    }

    /// <summary>e^x - 1, exact to rounding for tiny x.</summary>
    /// <param name="x">Any number.</param>
    /// <returns>e^x - 1, from -1 to +infinity.</returns>
    internal static double Expm1(double x)
    {
        double size = Math.Abs(x);
        if (size < 1e-5)
            return x + (x * x / 2) + (x * x * x / 6);
        double u = Math.Exp(x);
        return size < 1 ? (u - 1) * (x / Math.Log(u)) : u - 1;
    }

    /// <summary>log(1 - e^-x), the logarithm of a complement.</summary>
    /// <param name="x">At least 0; 0 gives -infinity.</param>
    /// <returns>A number from -infinity to 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="x"/> is negative or NaN.</exception>
    public static double Log1mExp(double x)
    {
        if (!(x >= 0))
            throw new ArgumentOutOfRangeException(nameof(x), x, "log(1 - e^-x) needs x at or above 0.");
        return x <= Ln2 ? Math.Log(-Expm1(-x)) : Log1pUnchecked(-Math.Exp(-x));
    }

    /// <summary>log(e^a + e^b).</summary>
    /// <param name="a">Any number, also -infinity.</param>
    /// <param name="b">Any number, also -infinity.</param>
    /// <returns>The logarithm of the sum.</returns>
    public static double LogAddExp(double a, double b)
    {
        double high = Math.Max(a, b);
        return double.IsInfinity(high) ? high : high + Log1pUnchecked(Math.Exp(-Math.Abs(a - b)));
    }

    /// <summary>log(e^a - e^b).</summary>
    /// <param name="a">A finite number or -infinity, at least <paramref name="b"/>.</param>
    /// <param name="b">A finite number or -infinity.</param>
    /// <returns>The logarithm of the difference; -infinity when both are equal.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="b"/> exceeds <paramref name="a"/>, or one is NaN.</exception>
    internal static double LogSubExp(double a, double b)
    {
        if (!(b <= a))
            throw new ArgumentOutOfRangeException(nameof(b), b, $"log(e^a - e^b) needs b at or below a = {a:R}.");
        return double.IsNegativeInfinity(b) ? a : a + Log1mExp(a - b);
    }

    /// <summary>log(sum_i e^x_i).</summary>
    /// <param name="values">Any numbers, also -infinity.</param>
    /// <returns>The logarithm of the sum; -infinity for no values.</returns>
    public static double LogSumExp(ReadOnlySpan<double> values)
    {
        double high = double.NegativeInfinity;
        foreach (double value in values)
            high = Math.Max(high, value);
        if (double.IsInfinity(high))
            return high;
        double sum = 0;
        foreach (double value in values)
            sum += Math.Exp(value - high);
        return high + Math.Log(sum);
    }

    /// <summary>log((e^x - 1) / x), x at or above 0: increasing, convex, between x / 2 and x, and 0 at 0.</summary>
    internal static double G(double x) => x < GSeriesEnd ? GSeries(x) : LogExpm1(x) - Math.Log(x);

    internal const double GSeriesEnd = 0.01;

    /// <summary>The Taylor polynomial of <see cref="G"/>, exact to rounding below <see cref="GSeriesEnd"/>.</summary>
    internal static double GSeries(double x)
    {
        double square = x * x;
        return (x / 2) + (square * ((1.0 / 24) + (square * ((-1.0 / 2880) + (square / 181440)))));
    }

    /// <summary>log(e^x - 1), x above 0.</summary>
    internal static double LogExpm1(double x) => x >= 1 ? x + Log1pUnchecked(-Math.Exp(-x)) : Math.Log(Expm1(x));

    /// <summary>log(part / total), by log1p from the half upwards, where the plain logarithm loses relative accuracy;
    /// -infinity for a part of 0.</summary>
    internal static double LogQuotient(double part, double total) =>
        part < total / 2 ? Math.Log(part / total) : Log1pUnchecked((part - total) / total);

    internal static double Log1pUnchecked(double x)
    {
        double u = 1 + x,
            back = u - 1;
        return back == 0 ? x
            : back == x ? Math.Log(u)
            : Math.Log(u) * (x / back);
    }
}
