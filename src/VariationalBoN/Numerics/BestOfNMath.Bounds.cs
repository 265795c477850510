namespace VariationalBoN.Numerics;

public static partial class BestOfNMath
{
    /// <summary>The lower bound log N + log p + (N - 1) log F of log pi_bon.</summary>
    /// <remarks>Mean value theorem on (F + p)^N - F^N; the lower bound of arXiv 2407.06057.
    /// log p for N = 1; -infinity for F = 0 and N above 1.</remarks>
    /// <param name="logReference">log p in nats; at most 0.</param>
    /// <param name="logCdf">log F of a strictly lower score; at most 0, -infinity for none.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <returns>The bound in nats.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is NaN or out of range, or F + p exceeds 1 beyond rounding.</exception>
    public static double LogDensityLowerBound(double logReference, double logCdf, double n)
    {
        LogCdfAtOrBelow(ref logReference, ref logCdf, n);
        return logReference + Slope(logCdf, n);
    }

    /// <summary>The upper bound log N + log p + (N - 1) log(F + p) of log pi_bon.</summary>
    /// <remarks>Mean value theorem on (F + p)^N - F^N. log p for N = 1.</remarks>
    /// <param name="logReference">log p in nats; at most 0.</param>
    /// <param name="logCdf">log F of a strictly lower score; at most 0, -infinity for none.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <returns>The bound in nats; it can exceed 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is NaN or out of range, or F + p exceeds 1 beyond rounding.</exception>
    public static double LogDensityUpperBound(double logReference, double logCdf, double n)
    {
        double logSum = LogCdfAtOrBelow(ref logReference, ref logCdf, n);
        return logReference + Slope(logSum, n);
    }

    /// <summary>log N + (N - 1) log u, the logarithm of the derivative of u^N.</summary>
    internal static double Slope(double logU, double n) => n == 1 ? 0 : Math.Log(n) + ((n - 1) * logU);

    private static double LogCdfAtOrBelow(ref double logReference, ref double logCdf, double n)
    {
        CheckN(n);
        logReference = CheckLog(logReference, nameof(logReference), "log p of the completion");
        logCdf = CheckLog(logCdf, nameof(logCdf), "log F of its reward");
        double logSum = LogMath.LogAddExp(logReference, logCdf);
        CheckMass(logSum, logReference, logCdf);
        return Math.Min(0, logSum);
    }
}
