namespace VariationalBoN.Numerics;

/// <summary>
/// The win rate that belongs to a KL to the reference for continuous rewards:
/// that of Best-of-N, and the greatest possible. Stateless, thread-safe.
/// </summary>
/// <remarks>
/// Best-of-n lies at KL log n - (n - 1) / n and win rate n / (n + 1), n real. The greatest win rate of any policy of that KL is that of
/// <see cref="CalibratedTilt"/>: above the curve by 0.009 at the KL
/// of n = 2, 0.004 at 4, 0.001 at 8 and less beyond. With ties neither can be reached, so that a distance to them is then an upper bound.
/// </remarks>
public static class WinRateCurve
{
    /// <summary>The win rate of the Best-of-n that has a KL.</summary>
    /// <param name="kl">KL to the reference in nats, at least 0.</param>
    /// <returns>1/2 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kl"/> is negative or NaN.</exception>
    public static double BestOfN(double kl) => 1 / (1 + Math.Exp(-LogNOf(kl)));

    /// <summary>The n, a real number, of the Best-of-n that has a KL.</summary>
    /// <param name="kl">KL to the reference in nats, at least 0.</param>
    /// <returns>At least 1; infinite where it is too large for a double.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kl"/> is negative or NaN.</exception>
    public static double NOf(double kl) => Math.Exp(LogNOf(kl));

    /// <summary>The greatest win rate that a policy of this KL can have.</summary>
    /// <param name="kl">KL to the reference in nats, at least 0.</param>
    /// <returns>1/2 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kl"/> is negative or NaN.</exception>
    public static double Ceiling(double kl)
    {
        Check(kl);
        return kl > 700 ? 1 : CalibratedTilt.WinRate(CalibratedTilt.ForKl(kl));
    }

    /// <summary>d win / d KL along Best-of-n: n^2 / ((n - 1) (n + 1)^2); infinite at a KL of 0.</summary>
    internal static double BestOfNSlope(double kl)
    {
        double log = LogNOf(kl),
            win = 1 / (1 + Math.Exp(-log));
        return win * win / LogMath.Expm1(log);
    }

    /// <summary>d win / d KL along the ceiling: 1 / c; infinite at a KL of 0.</summary>
    internal static double CeilingSlope(double kl) => kl > 700 ? 0 : 1 / CalibratedTilt.ForKl(kl);

    private static double LogNOf(double kl)
    {
        Check(kl);
        (double low, double high) = (0, kl + 2);
        if (double.IsInfinity(high))
            return high;
        for (int i = 0; i < 100; i++)
        {
            double middle = (low + high) / 2;
            if (Kl(middle) < kl)
                low = middle;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>x - 1 + e^-x, the KL of the best of e^x.</summary>
    private static double Kl(double x) =>
        x < 0.01 ? x * x / 2 * (1 - (x / 3 * (1 - (x / 4 * (1 - (x / 5 * (1 - (x / 6)))))))) : LogMath.Expm1(-x) + x;

    private static void Check(double kl)
    {
        if (!(kl >= 0))
            throw new ArgumentOutOfRangeException(nameof(kl), kl, "A KL must be at least 0.");
    }
}
