namespace VariationalBoN.BestOfN;

public sealed partial class EmpiricalRewardCdf
{
    /// <summary>
    /// For each reference sample the probability that it is the best of n drawn from the M without replacement, ties broken uniformly:
    /// a(k_le) - a(k_lt), split evenly over the level, with a(k) = C(k, n) / C(M, n).
    /// </summary>
    /// <remarks>
    /// The weights that replace "draw n, keep the best" by its expectation (Rao-Blackwell). Real n interpolates by the Gamma function:
    /// a(M) = 1, a(k - 1) = a(k) max(k - n, 0) / k. For n at or above M all weight is on the maximum: there is no best of n without n samples.
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
        for (int end = Count; end > 0;)
        {
            double atTop = share;
            int start = end;
            do
                share *= Math.Max(start - n, 0) / start;
            while (--start > 0 && _levels[start - 1] == _levels[end - 1]);
            weights.AsSpan(start, end - start).Fill((atTop - share) / (end - start));
            end = start;
        }

        return weights;
    }
}
