namespace VariationalBoN.BestOfN;

public sealed partial class EmpiricalRewardCdf
{
    /// <summary>
    /// For each reference sample the probability that it is the best of n drawn from the M without replacement, ties broken uniformly:
    /// a(k_le) - a(k_lt), split evenly over the level, with a(k) = C(k, n) / C(M, n).
    /// </summary>
    /// <remarks>
    /// The weights that replace "draw n, keep the best" by its expectation (Rao-Blackwell). Real n interpolates by the Gamma function:
    /// a(M) = 1, a(k - 1) = a(k) max(k - n, 0) / k. For n at or above M all weight is on the maximum:
    /// there is no best of n without n samples.
    /// </remarks>
    /// <param name="n">Number of draws; finite, at least 1.</param>
    /// <returns>M weights at the positions of <see cref="SortedRewards"/>, at least 0, summing to 1; a fresh array.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public double[] BestOfNWeightsByRank(double n)
    {
        if (!(n >= 1 && n < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(n), n, "n, the number of draws, must be finite and at least 1.");
        double[] weights = new double[Count];
        double share = 1; // a(k) at the top of the level
        for (int end = Count; end > 0; )
        {
            double atTop = share;
            int start = end;
            do share *= Math.Max(start - n, 0) / start;
            while (--start > 0 && _levels[start - 1] == _levels[end - 1]);
            weights.AsSpan(start, end - start).Fill((atTop - share) / (end - start));
            end = start;
        }

        return weights;
    }

    /// <summary>
    /// <see cref="BestOfNWeightsByRank"/> with its derivative in n: w' = w (1 / n + log F), where log F of the sample of rank i is
    /// estimated from what the n drawn leave over, psi(i - n + 1) - psi(M - n + 1).
    /// </summary>
    /// <remarks>
    /// a'(M) = 0, a'(k - 1) = a'(k) max(k - n, 0) / k - a(k) / k where k is above n. The derivative of an unbiased estimate is one of the
    /// derivative: with another estimate of log F the sample itself would stand in the rank that it is weighed by.
    /// </remarks>
    /// <param name="n">Number of draws; finite, at least 1 and below M.</param>
    /// <returns>M weights, and their derivatives, which sum to 0; fresh arrays.</returns>
    internal (double[] Weights, double[] Slopes) BestOfNWeightSlopesByRank(double n)
    {
        double[] weights = new double[Count],
            slopes = new double[Count];
        double share = 1,
            slope = 0; // a(k) and a'(k) at the top of the level
        for (int end = Count; end > 0; )
        {
            (double atTop, double slopeAtTop) = (share, slope);
            int start = end;
            do (share, slope) = start > n ? (share * (start - n) / start, ((slope * (start - n)) - share) / start) : (0, 0);
            while (--start > 0 && _levels[start - 1] == _levels[end - 1]);
            weights.AsSpan(start, end - start).Fill((atTop - share) / (end - start));
            slopes.AsSpan(start, end - start).Fill((slopeAtTop - slope) / (end - start));
            end = start;
        }

        return (weights, slopes);
    }
}
