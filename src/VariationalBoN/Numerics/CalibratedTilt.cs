namespace VariationalBoN.Numerics;

/// <summary>The tilt of a reference by its own ranks: g proportional to pi_ref exp(c F),
/// F the probability that a reference draw scores lower, ties counted half.</summary>
/// <remarks>
/// Among all policies of one KL to the reference it has the greatest win rate: win rate is the mean of F, so this is the exponential family
/// of F (Gui et al., BoNBoN, arXiv 2406.00832; Balashankar et al., InfAlign-CTRL,
/// arXiv 2412.19792). For continuous rewards F is uniform under the reference, so that with c above 0 win rate = 1 / (1 - e^-c) - 1 / c and
/// KL = c win - log((e^c - 1) / c), whatever the reward is. With ties
/// F takes fewer values, and both lie below these figures at the same c. Stateless, thread-safe.
/// </remarks>
public static class CalibratedTilt
{
    private const double SeriesEnd = 0.5;

    /// <summary>The c whose KL is that of the best of n: the closed forms set equal, for continuous rewards.</summary>
    /// <remarks>About sqrt(12) (n - 1) near n = 1 and n + 1 for large n. With ties the tilt of this c lies nearer to the reference than the
    /// closed form says, as Best-of-N does.</remarks>
    /// <param name="n">N; finite, at least 1, real.</param>
    /// <returns>c, in nats; 0 for n = 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public static double ForN(double n) => ForKl(BestOfNMath.KlUpperBound(n));

    /// <summary>The c of a KL, for continuous rewards.</summary>
    /// <param name="kl">KL(g || pi_ref) in nats; at least 0 and at most 700.</param>
    /// <returns>c, in nats; 0 for a KL of 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kl"/> is out of range or NaN.</exception>
    public static double ForKl(double kl)
    {
        if (!(kl >= 0 && kl <= 700))
            throw new ArgumentOutOfRangeException(nameof(kl), kl, "The KL must be 0 to 700 nats.");
        if (kl == 0)
            return 0;
        (double low, double high) = (Math.Log(kl) / 2, kl + 2 + (Math.Log(24) / 2)); // log c: KL is at most c^2 / 24, and above log c - 1
        while (low + ((high - low) / 2) is var middle && middle > low && middle < high)
            (low, high) = Kl(Math.Exp(middle)) < kl ? (middle, high) : (low, middle);
        return Math.Exp(high);
    }

    /// <summary>1 / (1 - e^-c) - 1 / c: the win rate of the tilt against the reference, for continuous rewards.</summary>
    /// <param name="c">c, finite, at least 0.</param>
    /// <returns>1/2 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="c"/> is out of range or NaN.</exception>
    public static double WinRate(double c)
    {
        Check(c);
        if (c >= SeriesEnd)
            return (1 / -LogMath.Expm1(-c)) - (1 / c);
        double square = c * c; // sum of B_2k c^(2k - 1) / (2k)!
        return 0.5
            + (
                c
                * (
                    (1.0 / 12)
                    - (
                        square
                        * (
                            (1.0 / 720)
                            - (
                                square
                                * ((1.0 / 30240) - (square * ((1.0 / 1209600) - (square * ((1.0 / 47900160) - (square * 5.28419e-10))))))
                            )
                        )
                    )
                )
            );
    }

    /// <summary>c win - log((e^c - 1) / c): KL(g || pi_ref) of the tilt in nats, for continuous rewards.</summary>
    /// <param name="c">c, finite, at least 0.</param>
    /// <returns>At least 0: c^2 / 24 near 0, log c - 1 for large c.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="c"/> is out of range or NaN.</exception>
    public static double Kl(double c)
    {
        Check(c);
        if (c >= SeriesEnd)
            return Math.Log(c) - 1 + (c / LogMath.Expm1(c)) - LogMath.Log1mExp(c);
        double square = c * c; // the integral of c win'(c)
        return square
            * (
                (1.0 / 24)
                - (
                    square
                    * (
                        (1.0 / 960)
                        - (square * ((1.0 / 36288) - (square * ((1.0 / 1382400) - (square * ((1.0 / 53222400) - (square * 4.84384e-10)))))))
                    )
                )
            );
    }

    /// <summary>log((e^c - 1) / c): the logarithm of E_ref[exp(c F)], for continuous rewards.</summary>
    internal static double LogNormaliser(double c) => LogMath.G(c);

    internal static void Check(double c)
    {
        if (!(c >= 0 && c < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(c), c, "c, the strength of the tilt, must be finite and at least 0.");
    }
}
