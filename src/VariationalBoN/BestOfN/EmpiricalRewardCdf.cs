namespace VariationalBoN.BestOfN;

/// <summary>The distribution function F of the rewards of one prompt under the reference, estimated from M reference rewards.</summary>
/// <remarks>
/// Everything follows from two counts, found by binary search: k_lt rewards below and k_eq rewards equal to the one asked about. Only
/// ranks matter, so an increasing transform of all rewards changes nothing. Rewards are compared as doubles: score and store them in one
/// precision. With a tie tolerance, neighbouring rewards that differ by at most the tolerance form one level. A reward that is asked
/// about joins the levels within the tolerance of it, so that the levels are those of the M + 1 rewards together. Immutable, thread-safe.
/// </remarks>
public sealed partial class EmpiricalRewardCdf
{
    private readonly double[] _sorted;
    private readonly double[] _levels; // each reward replaced by the lowest of its level; the same array without a tolerance

    /// <summary>Sorts the rewards, once.</summary>
    /// <param name="rewards">M finite rewards of independent reference samples, at least one, in any order.</param>
    /// <param name="tieTolerance">
    /// The difference up to which neighbouring rewards count as equal, finite, at least 0: for a
    /// reward model whose score of a text changes by so much with the batch that the text is in.
    /// It must be far below the usual distance of neighbours, or different levels become one.
    /// </param>
    /// <exception cref="ArgumentException">There is no reward, or one is NaN or infinite; the message names its index.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tieTolerance"/> is negative, infinite or NaN.</exception>
    public EmpiricalRewardCdf(IEnumerable<double> rewards, double tieTolerance = 0)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        if (!(tieTolerance >= 0 && tieTolerance < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(
                nameof(tieTolerance),
                tieTolerance,
                "The tie tolerance must be finite and at least 0; 0 compares exactly."
            );
        _sorted = [.. rewards];
        if (_sorted.Length == 0)
            throw new ArgumentException("There are no reference rewards (M = 0); give at least one.", nameof(rewards));
        CheckFinite(_sorted, nameof(rewards));
        Array.Sort(_sorted);
        (TieTolerance, _levels) = (tieTolerance, Levels(_sorted, tieTolerance));
    }

    private EmpiricalRewardCdf(double tieTolerance, double[] sorted) =>
        (TieTolerance, _sorted, _levels) = (tieTolerance, sorted, Levels(sorted, tieTolerance));

    /// <summary>M, the number of reference rewards.</summary>
    public int Count => _sorted.Length;

    /// <summary>The M rewards in ascending order.</summary>
    public ReadOnlySpan<double> SortedRewards => _sorted;

    /// <summary>The M rewards in ascending order, each replaced by the lowest of its level:
    /// <see cref="SortedRewards"/> without a tolerance.</summary>
    public ReadOnlySpan<double> SortedLevels => _levels;

    /// <summary>The difference up to which neighbouring rewards count as equal, in the unit of the rewards.</summary>
    public double TieTolerance { get; }

    /// <summary>The M rewards and more, merged in one pass; this object does not change.</summary>
    /// <param name="rewards">Finite rewards of further independent reference samples, in any order; may be empty.</param>
    /// <returns>The distribution of all.</returns>
    /// <exception cref="ArgumentException">A reward is NaN or infinite; the message names its index.</exception>
    public EmpiricalRewardCdf Insert(params ReadOnlySpan<double> rewards)
    {
        double[] more = rewards.ToArray(),
            merged = new double[_sorted.Length + more.Length];
        CheckFinite(more, nameof(rewards));
        Array.Sort(more);
        for (int i = 0, j = 0; i + j < merged.Length; )
            merged[i + j] = j == more.Length || (i < _sorted.Length && _sorted[i] <= more[j]) ? _sorted[i++] : more[j++];
        return new EmpiricalRewardCdf(TieTolerance, merged);
    }

    /// <summary>k_lt and k_lt + k_eq: how many reference rewards lie below, and at or below.</summary>
    /// <param name="reward">A finite reward.</param>
    /// <returns>Two counts, 0 to M.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public (int Below, int AtOrBelow) Counts(double reward)
    {
        if (!double.IsFinite(reward))
            throw new ArgumentOutOfRangeException(nameof(reward), reward, "A reward must be finite.");
        int below = CountBelow(_sorted, reward, TieTolerance, 0),
            atOrBelow = CountAtOrBelow(_sorted, reward, TieTolerance, below);
        return TieTolerance == 0 || below == atOrBelow
            ? (below, atOrBelow)
            : (CountBelow(_levels, _levels[below], 0, 0), CountAtOrBelow(_levels, _levels[atOrBelow - 1], 0, atOrBelow - 1));
    }

    /// <summary>For a reward that is one of the M: how many of the other M - 1 lie below, and at or below.</summary>
    /// <param name="reward">One of the M rewards.</param>
    /// <returns>Two counts, 0 to M - 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is not among the M, or not finite.</exception>
    public (int Below, int AtOrBelow) CountsAmongOthers(double reward)
    {
        (int below, int atOrBelow) = Counts(reward);
        return below < atOrBelow
            ? (below, atOrBelow - 1)
            : throw new ArgumentOutOfRangeException(
                nameof(reward),
                reward,
                $"The reward is not among the {Count} reference rewards, so that it cannot be ranked among the others; rank it as a new "
                    + $"completion."
            );
    }

    internal RankCounts Ranks(double reward)
    {
        (int below, int atOrBelow) = Counts(reward);
        return new(below, atOrBelow, Count);
    }

    internal RankCounts RanksAmongOthers(double reward)
    {
        (int below, int atOrBelow) = CountsAmongOthers(reward);
        return new(below, atOrBelow, Count - 1);
    }

    private static int CountBelow(double[] sorted, double reward, double tolerance, int low)
    {
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            if (reward - sorted[middle] > tolerance)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private static int CountAtOrBelow(double[] sorted, double reward, double tolerance, int low)
    {
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            if (sorted[middle] - reward <= tolerance)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private static double[] Levels(double[] sorted, double tolerance)
    {
        if (tolerance == 0)
            return sorted;
        double[] levels = [.. sorted];
        for (int i = 1; i < levels.Length; i++)
        {
            if (sorted[i] - sorted[i - 1] <= tolerance)
                levels[i] = levels[i - 1];
        }

        return levels;
    }

    private static void CheckFinite(double[] rewards, string argument)
    {
        int bad = Array.FindIndex(rewards, reward => !double.IsFinite(reward));
        if (bad >= 0)
            throw new ArgumentException(
                $"Reference reward {bad} of {rewards.Length} is {rewards[bad]}; rewards must be finite. Leave out the samples that could "
                    + $"not be scored.",
                argument
            );
    }
}
