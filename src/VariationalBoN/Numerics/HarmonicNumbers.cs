namespace VariationalBoN.Numerics;

/// <summary>Harmonic numbers H_k = 1 + 1 / 2 + ... + 1 / k and their differences,
/// exact to rounding however near k and m are. Stateless, thread-safe.</summary>
/// <remarks>
/// H_k = gamma + log(k + 1/2) + c(k), c(k) = 1 / (24 x^2) - 7 / (960 x^4) + ..., x = k + 1/2 (the asymptotic series of the digamma function
/// at x + 1/2): the large part of a difference is the logarithm of a quotient, which keeps its digits, and c is tiny.
/// </remarks>
internal static class HarmonicNumbers
{
    private const double EulerGamma = 0.57721566490153286;
    private const int Small = 32;
    private static readonly double[] s_small = SmallRemainders();

    /// <summary>H_k = 1 + 1 / 2 + ... + 1 / k, summed in this order; 0 for k = 0.</summary>
    public static double Number(int k)
    {
        double sum = 0;
        for (int j = 1; j <= k; j++)
            sum += 1.0 / j;
        return sum;
    }

    /// <summary>H_k - H_m.</summary>
    public static double Difference(int k, int m) => LogMath.LogQuotient(k + 0.5, m + 0.5) + (Remainder(k) - Remainder(m));

    /// <summary>c(k) = H_k - gamma - log(k + 1/2).</summary>
    public static double Remainder(int k)
    {
        if (k < Small)
            return s_small[k];
        double square = 1 / ((k + 0.5) * (k + 0.5));
        return square * ((1.0 / 24) - (square * ((7.0 / 960) - (square * ((31.0 / 8064) - (square * 127 / 30720))))));
    }

    private static double[] SmallRemainders() => [.. Enumerable.Range(0, Small).Select(k => Number(k) - EulerGamma - Math.Log(k + 0.5))];
}
