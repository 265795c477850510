namespace VariationalBoN.Numerics;

/// <summary>The expected best of n draws, estimated from M rewards without bias.</summary>
/// <remarks>
/// The mean over all subsets of size n of the subset's maximum (a U-statistic): r_M - sum_{i &lt; M} (r_{i+1} - r_i) C(i, n) / C(M, n) for ascending r.
/// Only products of factors in [0, 1], so nothing overflows. Equal rewards are no special case. Stateless, thread-safe.
/// </remarks>
public static class ExpectedMaximum
{
    /// <summary>The expected maximum of n of the rewards drawn without replacement, in O(M).</summary>
    /// <param name="sortedAscending">M rewards, finite, ascending, at least one.</param>
    /// <param name="n">1 (the mean) to M (the maximum).</param>
    /// <returns>The estimate, in the unit of the rewards.</returns>
    /// <exception cref="ArgumentException">There is no reward, or they do not ascend.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range.</exception>
    public static double Of(ReadOnlySpan<double> sortedAscending, int n)
    {
        CheckSorted(sortedAscending);
        int count = sortedAscending.Length;
        CheckN(n, count, nameof(n));
        double loss = 0, share = 1;
        for (int i = count - 1; i >= n; i--)
        {
            share *= (i + 1.0 - n) / (i + 1.0); // C(i, n) / C(M, n)
            loss += share * (sortedAscending[i] - sortedAscending[i - 1]);
        }

        return sortedAscending[^1] - loss;
    }

    /// <summary>The expected maximum of n of the rewards for every n from 1 to M, one pass over the rewards each.</summary>
    /// <param name="sortedAscending">M rewards, finite, ascending, at least one.</param>
    /// <returns>M estimates; the one for n is at index n - 1. They never decrease, up to rounding.</returns>
    /// <exception cref="ArgumentException">There is no reward, or they do not ascend.</exception>
    public static double[] Curve(ReadOnlySpan<double> sortedAscending) => Curve(sortedAscending, sortedAscending.Length);

    /// <summary>The expected maximum of n of the rewards for every n from 1 to a largest one, one pass over the rewards each.</summary>
    /// <param name="sortedAscending">M rewards, finite, ascending, at least one.</param>
    /// <param name="largestN">1 to M.</param>
    /// <returns>One estimate for each n, the one for n at index n - 1. They never decrease, up to rounding.</returns>
    /// <exception cref="ArgumentException">There is no reward, or they do not ascend.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="largestN"/> is out of range.</exception>
    public static double[] Curve(ReadOnlySpan<double> sortedAscending, int largestN)
    {
        CheckSorted(sortedAscending);
        int count = sortedAscending.Length;
        CheckN(largestN, count, nameof(largestN));
        double[] curve = new double[largestN], shares = new double[count];
        Array.Fill(shares, 1);
        for (int n = 1; n <= largestN; n++)
        {
            double loss = 0;
            for (int i = n; i < count; i++)
            {
                shares[i] *= (i + 1.0 - n) / (count + 1.0 - n); // C(i, n) / C(M, n) from C(i, n - 1) / C(M, n - 1)
                loss += shares[i] * (sortedAscending[i] - sortedAscending[i - 1]);
            }

            curve[n - 1] = sortedAscending[^1] - loss;
        }

        return curve;
    }

    private static void CheckN(int n, int count, string argument)
    {
        if (n < 1 || n > count)
            throw new ArgumentOutOfRangeException(argument, n, $"n must be 1 to {count}, the number of rewards: an unbiased estimate of the best of n needs n of them.");
    }

    internal static void CheckSorted(ReadOnlySpan<double> rewards)
    {
        if (rewards.IsEmpty)
            throw new ArgumentException("There are no rewards; give at least one.", nameof(rewards));
        for (int i = 0; i < rewards.Length; i++)
        {
            if (!double.IsFinite(rewards[i]))
                throw new ArgumentException($"Reward {i} is {rewards[i]:R}; rewards must be finite.", nameof(rewards));
            if (i > 0 && rewards[i] < rewards[i - 1])
                throw new ArgumentException($"Reward {i} ({rewards[i]:R}) is below its predecessor ({rewards[i - 1]:R}); sort the rewards first.", nameof(rewards));
        }
    }
}
