namespace VariationalBoN.Numerics;

public static partial class BestOfNMath
{
    /// <summary><see cref="LogRatio(double, double, double)"/> of many completions, without allocation.</summary>
    /// <param name="logReference">B values of log p.</param>
    /// <param name="logCdf">B values of log F.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="destination">Receives B log-ratios; may be one of the inputs.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is NaN or out of range.</exception>
    public static void LogRatio(ReadOnlySpan<double> logReference, ReadOnlySpan<double> logCdf, double n, Span<double> destination)
    {
        CheckLengths(logReference.Length, logCdf.Length, destination.Length);
        for (int i = 0; i < destination.Length; i++)
            destination[i] = LogRatio(logReference[i], logCdf[i], n);
    }

    /// <summary><see cref="LogDensity(double, double, double)"/> of many completions, without allocation.</summary>
    /// <param name="logReference">B values of log p.</param>
    /// <param name="logCdf">B values of log F.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="destination">Receives B log-densities; may be one of the inputs.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is NaN or out of range.</exception>
    public static void LogDensity(ReadOnlySpan<double> logReference, ReadOnlySpan<double> logCdf, double n, Span<double> destination)
    {
        CheckLengths(logReference.Length, logCdf.Length, destination.Length);
        for (int i = 0; i < destination.Length; i++)
            destination[i] = LogDensity(logReference[i], logCdf[i], n);
    }

    /// <summary><see cref="LogRatioWithTies(double, double, double)"/> of many completions, without allocation.</summary>
    /// <param name="logCdfBelow">B values of log F_lt.</param>
    /// <param name="logCdfAtOrBelow">B values of log F_le.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="destination">Receives B log-ratios; may be one of the inputs.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value is NaN or out of range.</exception>
    public static void LogRatioWithTies(ReadOnlySpan<double> logCdfBelow, ReadOnlySpan<double> logCdfAtOrBelow, double n, Span<double> destination)
    {
        CheckLengths(logCdfBelow.Length, logCdfAtOrBelow.Length, destination.Length);
        for (int i = 0; i < destination.Length; i++)
            destination[i] = LogRatioWithTies(logCdfBelow[i], logCdfAtOrBelow[i], n);
    }

    private static void CheckLengths(int first, int second, int destination)
    {
        if (first != second || first != destination)
            throw new ArgumentException($"The spans must have one length; got {first}, {second} and a destination of {destination}.");
    }
}
