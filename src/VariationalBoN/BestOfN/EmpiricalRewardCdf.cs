using VariationalBoN.Numerics;

namespace VariationalBoN.BestOfN;

/// <summary>What M reference rewards of one prompt say of F, the distribution of rewards under the reference.</summary>
/// <remarks>
/// Everything follows from two counts, found by binary search: k_lt rewards below and k_eq rewards equal to the one asked about. Only ranks
/// matter, so an increasing transform of all rewards changes nothing. Rewards are compared as doubles: score and store them in one
/// precision. Immutable, thread-safe.
/// </remarks>
public sealed class EmpiricalRewardCdf
{
    private readonly double[] _sorted;
    private double[]? _harmonic;

    /// <summary>Sorts the rewards, once.</summary>
    /// <param name="rewards">M finite rewards of independent reference samples, at least one, in any order.</param>
    /// <exception cref="ArgumentException">There is no reward, or one is NaN or infinite; the message names its index.</exception>
    public EmpiricalRewardCdf(IEnumerable<double> rewards)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        _sorted = [.. rewards];
        if (_sorted.Length == 0)
            throw new ArgumentException("There are no reference rewards (M = 0); give at least one.", nameof(rewards));
        int bad = Array.FindIndex(_sorted, reward => !double.IsFinite(reward));
        if (bad >= 0)
            throw new ArgumentException($"Reference reward {bad} of {_sorted.Length} is {_sorted[bad]}; rewards must be finite. Leave out the samples that could not be scored.", nameof(rewards));
        Array.Sort(_sorted);
    }

    /// <summary>M, the number of reference rewards.</summary>
    public int Count => _sorted.Length;

    /// <summary>The M rewards in ascending order.</summary>
    public ReadOnlySpan<double> SortedRewards => _sorted;

    /// <summary>k_lt and k_lt + k_eq: how many reference rewards lie below, and at or below.</summary>
    /// <param name="reward">A finite reward.</param>
    /// <returns>Two counts, 0 to M.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public (int Below, int AtOrBelow) Counts(double reward)
    {
        if (!double.IsFinite(reward))
            throw new ArgumentOutOfRangeException(nameof(reward), reward, "A reward must be finite.");
        int below = FirstAtOrAfter(reward, 0, orEqual: false);
        return (below, FirstAtOrAfter(reward, below, orEqual: true));
    }

    /// <summary>
    /// The default estimate, the completion itself counted as one more sample: F_lt = k_lt / (M + 1), F_le = (k_lt + k_eq + 1) / (M + 1).
    /// </summary>
    /// <remarks>For a new completion, not one of the M. Tie-aware and bounded; exp(log-ratio) has mean exactly 1 over the M + 1 pooled samples.</remarks>
    /// <param name="reward">A finite reward.</param>
    /// <returns>Both logarithms; the first is -infinity when nothing lies below, the second is finite.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public LogCdfPair SelfInclusive(double reward)
    {
        (int below, int atOrBelow) = Counts(reward);
        return new(LogFraction(below, Count + 1), LogFraction(atOrBelow + 1, Count + 1));
    }

    /// <summary>
    /// The same for a completion that is one of the M, ranked among the others: F_lt = k_lt / M, F_le = (k_lt + k_eq) / M, k_eq counting itself.
    /// </summary>
    /// <param name="reward">One of the M rewards.</param>
    /// <returns>Both logarithms; the first is -infinity when nothing lies below.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is not among the M, or not finite.</exception>
    public LogCdfPair InSample(double reward)
    {
        (int below, int atOrBelow) = Counts(reward);
        if (below == atOrBelow)
            throw new ArgumentOutOfRangeException(nameof(reward), reward, $"The reward is not among the {Count} reference rewards; use {nameof(SelfInclusive)} for a new completion.");
        return new(LogFraction(below, Count), LogFraction(atOrBelow, Count));
    }

    /// <summary>log((k_lt + 1) / (M + 1)), the estimate of the paper; never -infinity.</summary>
    /// <remarks>Source: rycolab/vbon. Its bias is about +(1 - F) / (2 M F).</remarks>
    /// <param name="reward">A finite reward.</param>
    /// <returns>-log(M + 1) to 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public double LogLaplace(double reward) => LogFraction(Counts(reward).Below + 1, Count + 1);

    /// <summary>H_k - H_M = -sum_{j = k + 1..M} 1 / j with k = k_lt: the estimate of log F to report.</summary>
    /// <remarks>Its expectation is the degree-M Taylor polynomial of log F at 1, so its bias is between 0 and (1 - F)^(M + 1) / ((M + 1) F).</remarks>
    /// <param name="reward">A finite reward.</param>
    /// <returns>-H_M to 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public double LogHarmonic(double reward) => LazyInitializer.EnsureInitialized(ref _harmonic, HarmonicTable)[Counts(reward).Below];

    /// <summary>(k_lt + k_eq / 2) / M: the share of reference samples that the reward beats, ties counted half.</summary>
    /// <param name="reward">A finite reward.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public double MidRank(double reward)
    {
        (int below, int atOrBelow) = Counts(reward);
        return ((double)below + atOrBelow) / 2 / Count;
    }

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
    public double[] BestOfNWeights(double n)
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
            while (--start > 0 && _sorted[start - 1] == _sorted[end - 1]);
            weights.AsSpan(start, end - start).Fill((atTop - share) / (end - start));
            end = start;
        }

        return weights;
    }

    /// <summary>log(part / total), by log1p in the upper half, where the plain logarithm loses relative accuracy.</summary>
    internal static double LogFraction(int part, int total) =>
        part < total / 2.0 ? Math.Log((double)part / total) : LogMath.Log1pUnchecked(-(double)(total - part) / total);

    private double[] HarmonicTable()
    {
        double[] table = new double[Count + 1];
        for (int k = Count; k > 0; k--)
            table[k - 1] = table[k] - (1.0 / k);
        return table;
    }

    private int FirstAtOrAfter(double reward, int low, bool orEqual)
    {
        int high = _sorted.Length;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            if (_sorted[middle] < reward || (orEqual && _sorted[middle] == reward))
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }
}
