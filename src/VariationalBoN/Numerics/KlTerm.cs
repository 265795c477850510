namespace VariationalBoN.Numerics;

/// <summary>What one completion y ~ pi_theta adds to an estimate of KL(pi_theta || pi_ref),
/// from D = log pi_theta(y | x) - log pi_ref(y | x) in nats.</summary>
/// <remarks>Their means estimate the divergence; as training losses k1 and k3 have other
/// gradients than the divergence has. Stateless, thread-safe.</remarks>
internal static class KlTerm
{
    private const double LargestExponent = 700;

    /// <summary>k1 = D: unbiased; negative for single completions, and its mean can be.</summary>
    /// <param name="logRatio">D, not NaN.</param>
    /// <returns>D.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="logRatio"/> is NaN.</exception>
    public static double K1(double logRatio) => Checked(logRatio);

    /// <summary>k2 = D^2 / 2: never negative, biased; close for small divergences, of other size for large ones.</summary>
    /// <param name="logRatio">D, not NaN.</param>
    /// <returns>At least 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="logRatio"/> is NaN.</exception>
    public static double K2(double logRatio) => Checked(logRatio) * logRatio / 2;

    /// <summary>k3 = e^-D - 1 + D: never negative, unbiased where pi_theta reaches all that pi_ref does.</summary>
    /// <remarks>
    /// Its error can be far larger than that of k1 when completions exist that pi_ref likes and pi_theta has all but forgotten: they are
    /// seldom drawn and weigh e^-D. The exponent is held at 700, short of overflow.
    /// </remarks>
    /// <param name="logRatio">D, not NaN.</param>
    /// <returns>At least 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="logRatio"/> is NaN.</exception>
    public static double K3(double logRatio)
    {
        double d = Math.Max(-LargestExponent, Checked(logRatio));
        return Math.Abs(d) < 1e-4 ? d * d * (0.5 - (d / 6) + (d * d / 24)) : LogMath.Expm1(-d) + d;
    }

    private static double Checked(double logRatio) =>
        double.IsNaN(logRatio)
            ? throw new ArgumentOutOfRangeException(
                nameof(logRatio),
                logRatio,
                "A log-ratio must not be NaN; see which of the two log-probabilities is."
            )
            : logRatio;
}
