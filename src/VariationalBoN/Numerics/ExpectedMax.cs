using System.Numerics;
using System.Runtime.InteropServices;

namespace VariationalBoN.Numerics;

/// <summary>Unbiased estimates of the expected best of n draws, from M rewards.</summary>
/// <remarks>
/// The mean over all subsets of size n of the subset's maximum (a U-statistic): r_M - sum_{i &lt; M} (r_{i+1} - r_i) C(i, n) / C(M, n) for
/// ascending r. Only products of factors in [0, 1], so nothing overflows. Equal rewards are no special case. Stateless, thread-safe.
/// </remarks>
public static class ExpectedMax
{
    /// <summary>A share of subsets that no sum of rewards feels: far below the rounding of the largest gap.
    /// It leaves about M log M of the M^2 terms.</summary>
    private const double Negligible = 1e-22;

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
        double loss = 0,
            share = 1;
        for (int i = count - 1; i >= n; i--)
        {
            share *= (i + 1.0 - n) / (i + 1.0); // C(i, n) / C(M, n)
            loss += share * ((sortedAscending[i] / 2) - (sortedAscending[i - 1] / 2)); // halves: no difference of two overflows
        }

        return 2 * ((sortedAscending[^1] / 2) - loss);
    }

    /// <summary>The expected maximum of n of the rewards for every n from 1 to M, one pass over the rewards each.</summary>
    /// <param name="sortedAscending">M rewards, finite, ascending, at least one.</param>
    /// <returns>M estimates; the one for n is at index n - 1. They never decrease, up to rounding.</returns>
    /// <exception cref="ArgumentException">There is no reward, or they do not ascend.</exception>
    public static double[] Curve(ReadOnlySpan<double> sortedAscending) => Curve(sortedAscending, sortedAscending.Length);

    /// <summary>The expected maximum of n of the rewards for every n from 1 to a largest one, one pass over the rewards each.</summary>
    /// <param name="sortedAscending">M rewards, finite, ascending, at least one.</param>
    /// <param name="maxN">1 to M.</param>
    /// <returns>One estimate for each n, the one for n at index n - 1. They never decrease, up to rounding.</returns>
    /// <exception cref="ArgumentException">There is no reward, or they do not ascend.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxN"/> is out of range.</exception>
    public static double[] Curve(ReadOnlySpan<double> sortedAscending, int maxN)
    {
        CheckSorted(sortedAscending);
        int count = sortedAscending.Length;
        CheckN(maxN, count, nameof(maxN));
        double[] curve = new double[maxN],
            shares = new double[count],
            gaps = new double[count],
            ranks = new double[count];
        for (int i = 1; i < count; i++)
            (shares[i], gaps[i], ranks[i]) = (1, (sortedAscending[i] / 2) - (sortedAscending[i - 1] / 2), i + 1);
        for (int n = 1, first = 1; n <= maxN; n++)
        {
            for (first = Math.Max(first, n); first < count && shares[first] < Negligible; )
                first++;
            curve[n - 1] =
                2
                * (
                    (sortedAscending[^1] / 2)
                    - Loss(shares.AsSpan(first), gaps.AsSpan(first), ranks.AsSpan(first), n, 1 / (count + 1.0 - n))
                );
        }

        return curve;
    }

    /// <summary>Takes C(i, n - 1) / C(M, n - 1) to C(i, n) / C(M, n) for ranks i + 1, and sums them times the gaps below.</summary>
    private static double Loss(Span<double> shares, ReadOnlySpan<double> gaps, ReadOnlySpan<double> ranks, int n, double scale)
    {
        Span<Vector<double>> wideShares = MemoryMarshal.Cast<double, Vector<double>>(shares);
        ReadOnlySpan<Vector<double>> wideGaps = MemoryMarshal.Cast<double, Vector<double>>(gaps),
            wideRanks = MemoryMarshal.Cast<double, Vector<double>>(ranks);
        var offset = new Vector<double>(n);
        Vector<double> sums = Vector<double>.Zero;
        for (int i = 0; i < wideShares.Length; i++)
        {
            wideShares[i] *= (wideRanks[i] - offset) * scale;
            sums += wideShares[i] * wideGaps[i];
        }

        double loss = Vector.Sum(sums);
        for (int i = wideShares.Length * Vector<double>.Count; i < shares.Length; i++)
        {
            shares[i] *= (ranks[i] - n) * scale;
            loss += shares[i] * gaps[i];
        }

        return loss;
    }

    private static void CheckN(int n, int count, string argument)
    {
        if (n < 1 || n > count)
            throw new ArgumentOutOfRangeException(
                argument,
                n,
                $"n must be 1 to {count}, the number of rewards: an unbiased estimate of the best of n needs n of them."
            );
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
                throw new ArgumentException(
                    $"Reward {i} ({rewards[i]:R}) is below its predecessor ({rewards[i - 1]:R}); sort the rewards first.",
                    nameof(rewards)
                );
        }
    }
}
