namespace VariationalBoN.Numerics;

/// <summary>Unbiased estimates of win rates of and against the best of n draws, from M rewards; ties count half.</summary>
/// <remarks>
/// Means over all subsets (U-statistics), by a(k) = C(k, n) / C(M, n), the probability that n of M draws without replacement all fall among
/// the k lowest. Only ranks matter. Stateless, thread-safe.
/// </remarks>
internal static class UnbiasedWinRate
{
    /// <summary>The probability that the best of n draws beats one more draw:
    /// 1 - (1 / 2M) sum over samples of a(k_lt) + a(k_le), the sample itself left out of the M.</summary>
    /// <remarks>Exactly n / (n + 1) without ties, whatever the rewards; less with them. 1/2 for n = 1.</remarks>
    /// <param name="sortedAscending">M rewards, finite, ascending, at least two.</param>
    /// <param name="n">1 to M - 1: one sample is the opponent.</param>
    /// <returns>A probability.</returns>
    /// <exception cref="ArgumentException">The rewards do not ascend, or one is not finite.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range.</exception>
    public static double OfBestOfN(ReadOnlySpan<double> sortedAscending, int n)
    {
        ExpectedMax.CheckSorted(sortedAscending);
        int count = sortedAscending.Length;
        if (n < 1 || n > count - 1)
            throw new ArgumentOutOfRangeException(
                nameof(n),
                n,
                $"n must be 1 to {count - 1}, one less than the number of rewards: the best of n and its opponent are n + 1 samples."
            );
        double loss = 0,
            share = 1; // C(k, n) / C(M - 1, n) at k = M - 1
        for (int end = count; end > n; )
        {
            double atTop = share;
            int start = end - 1;
            for (; start > 0 && sortedAscending[start - 1] == sortedAscending[end - 1]; start--)
                share *= (double)Math.Max(start - n, 0) / start;
            loss += (end - start) * (atTop + share);
            share *= start > 0 ? (double)Math.Max(start - n, 0) / start : 0;
            end = start;
        }

        return 1 - (loss / 2 / count);
    }

    /// <summary>The probability that a given completion beats the best of n reference draws: (a(k_lt) + a(k_lt + k_eq)) / 2.</summary>
    /// <remarks>Its expectation is F^n for continuous rewards. The completion must not be one of the M.</remarks>
    /// <param name="below">k_lt, the reference rewards below that of the completion; 0 to <paramref name="atOrBelow"/>.</param>
    /// <param name="atOrBelow">k_lt + k_eq, those at or below; at most M.</param>
    /// <param name="samples">M, at least 1.</param>
    /// <param name="n">1 to M.</param>
    /// <returns>A probability.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static double AgainstBestOfN(int below, int atOrBelow, int samples, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samples, 1);
        if (atOrBelow < 0 || atOrBelow > samples)
            throw new ArgumentOutOfRangeException(
                nameof(atOrBelow),
                atOrBelow,
                $"The count must be 0 to {samples}, the number of reference rewards."
            );
        if (below < 0 || below > atOrBelow)
            throw new ArgumentOutOfRangeException(
                nameof(below),
                below,
                $"The count must be 0 to {atOrBelow}, the number of rewards at or below."
            );
        if (n < 1 || n > samples)
            throw new ArgumentOutOfRangeException(
                nameof(n),
                n,
                $"n must be 1 to {samples}, the number of reference rewards: an unbiased estimate of the best of n needs n of them."
            );
        return (AllAmong(below, samples, n) + AllAmong(atOrBelow, samples, n)) / 2;
    }

    /// <summary>C(k, n) / C(M, n).</summary>
    private static double AllAmong(int lowest, int samples, int n)
    {
        double share = 1;
        for (int i = 0; i < n && share > 0; i++)
            share *= (lowest - i) / (double)(samples - i);
        return share;
    }
}
