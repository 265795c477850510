using VariationalBoN.Numerics;

namespace VariationalBoN.BestOfN;

/// <summary>Where a reward stands among M others, and the estimates of F that follow from it. Immutable, thread-safe.</summary>
/// <param name="Below">k_lt.</param>
/// <param name="AtOrBelow">k_lt + k_eq.</param>
/// <param name="Samples">M.</param>
internal readonly record struct RankCounts(int Below, int AtOrBelow, int Samples)
{
    /// <summary>F_lt = k_lt / (M + 1), F_le = (k_le + 1) / (M + 1).</summary>
    public LogCdfPair SelfInclusive => new(LogMath.LogQuotient(Below, Samples + 1.0), LogMath.LogQuotient(AtOrBelow + 1.0, Samples + 1.0));

    /// <summary>log((k_lt + 1) / (M + 1)).</summary>
    public double LogLaplace => LogMath.LogQuotient(Below + 1.0, Samples + 1.0);

    /// <summary>H_{k_lt} - H_M and H_{k_le} - H_M.</summary>
    public LogCdfPair Harmonic => new(HarmonicNumbers.Difference(Below, Samples), HarmonicNumbers.Difference(AtOrBelow, Samples));

    /// <summary>Both sides of F by an estimator.</summary>
    public LogCdfPair LogCdf(RatioEstimator estimator) =>
        estimator switch
        {
            RatioEstimator.SingleAtom => new(LogLaplace, LogLaplace),
            RatioEstimator.Harmonic => Harmonic,
            _ => SelfInclusive,
        };

    /// <summary>The log-ratio of a completion of probability e^logReference,
    /// which only <see cref="RatioEstimator.SingleAtom"/> uses.</summary>
    public double LogRatio(RatioEstimator estimator, double logReference, double n) =>
        estimator switch
        {
            RatioEstimator.SingleAtom => OfAtom(LogLaplace, logReference, n),
            RatioEstimator.Harmonic => OfLevel(Harmonic, HarmonicNumbers.Difference(AtOrBelow, Below), n),
            _ => OfLevel(SelfInclusive, LogMath.Log1pUnchecked((AtOrBelow + 1.0 - Below) / Below), n),
        };

    /// <summary>The gap log(F_le / F_lt) comes from counts, which know it better than a difference of logarithms.</summary>
    private static double OfLevel(LogCdfPair cdf, double gap, double n) => BestOfNMath.LogRatioOfLevel(cdf.Below, cdf.AtOrBelow, gap, n);

    private static double OfAtom(double logCdf, double logReference, double n) =>
        logReference <= 0
            ? BestOfNMath.LogRatio(logReference, Math.Min(logCdf, LogMath.Log1mExp(-logReference)), n)
            : BestOfNMath.LogRatio(logReference, double.NegativeInfinity, n); // a rounding error above 0 passes, the rest is named
}
