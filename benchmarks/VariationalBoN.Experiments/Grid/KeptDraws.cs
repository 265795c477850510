using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Experiments.Grid;

/// <summary>How much more often each draw of a pool is kept than drawn where one of k is kept,
/// and what the choice itself costs in KL.</summary>
/// <param name="Weights">For each draw; their mean is 1.</param>
/// <param name="Divergence">KL of what is kept to what is drawn, in nats.</param>
internal sealed record KeptDraws(double[] Weights, double Divergence)
{
    private const int SetsOfHalf = 32;

    /// <summary>The mean of a number over what is kept.</summary>
    /// <param name="value">The number of a draw of the pool.</param>
    public double Mean(Func<int, double> value) =>
        Enumerable.Range(0, Weights.Length).Sum(i => Weights[i] == 0 ? 0 : Weights[i] * value(i)) / Weights.Length;

    /// <summary>The best of k. Its KL to one draw is log k - (k - 1) / k, whatever the distribution of the rewards;
    /// with ties less, and this a bound.</summary>
    /// <remarks>The mean of w log w over the pool is no estimate of it:
    /// above it by 0.008, 0.024 and 0.057 nats for k = 2, 4 and 8 of 64.</remarks>
    /// <param name="rewards">Of the pool, at least k.</param>
    /// <param name="draws">k, at least 1.</param>
    /// <exception cref="ArgumentException">The pool is smaller than k.</exception>
    public static KeptDraws Best(double[] rewards, int draws)
    {
        Check(rewards.Length, draws, draws);
        double[] byRank = new EmpiricalRewardCdf(rewards).BestOfNWeightsByRank(draws),
            weights = new double[rewards.Length];
        int[] ascending = [.. Enumerable.Range(0, rewards.Length).OrderBy(i => rewards[i])];
        for (int rank = 0; rank < byRank.Length; rank++)
            weights[ascending[rank]] = byRank[rank] * rewards.Length;
        return new KeptDraws(weights, BestOfNMath.KlUpperBound(draws));
    }

    /// <summary>One of k by its importance weight: w(y) = E[k v(y) / (v(y) + the v of k - 1 others)],
    /// over random sets of others of the pool.</summary>
    /// <remarks>
    /// E[w log w] with an estimate in place of w is too large, by its variance over 2 w. So w is estimated from either half of the others,
    /// and twice the term of their mean, less the mean of the terms of the halves, has no such part (Quenouille's jackknife).
    /// </remarks>
    /// <param name="logWeights">log v of the pool, at least 2 k - 1 of them, the largest finite.</param>
    /// <param name="draws">k, at least 1.</param>
    /// <param name="seed">Fixes the sets.</param>
    /// <exception cref="ArgumentException">The pool is smaller than 2 k - 1, or its largest weight is 0, infinite or NaN.</exception>
    public static KeptDraws ByImportance(double[] logWeights, int draws, long seed)
    {
        int count = logWeights.Length;
        Check(count, draws, (2 * draws) - 1);
        double largest = logWeights.Max();
        if (!double.IsFinite(largest))
        {
            throw new ArgumentException(
                $"The largest importance weight of a prompt is {Math.Exp(largest)}: no draw can be told from another. "
                    + "The proposal or the estimates have probably diverged.",
                nameof(logWeights)
            );
        }

        double[] values = [.. logWeights.Select(log => Math.Exp(log - largest))];
        double[][] halves = [new double[count], new double[count]];
        int[] others = new int[(count / 2) + 1];
        for (int i = 0; i < count; i++)
        {
            var random = new CounterRandom(new DrawSeed(seed, DrawPurpose.Resampling), "proposals", i);
            for (int half = 0, used = 0; half < 2; half++)
            {
                int size = (count - half) / 2; // of the count - 1 others every second one
                for (int j = 0; j < size; j++)
                    others[j] = (i + 1 + half + (2 * j)) % count;
                for (int set = 0; set < SetsOfHalf; set++)
                {
                    double total = values[i];
                    for (int j = 0; j < draws - 1; j++)
                    {
                        int other = j + (int)(random.Uniform(used++) * (size - j)); // a shuffle, as far as it is needed: no other twice
                        (others[j], others[other]) = (others[other], others[j]);
                        total += values[others[j]];
                    }

                    halves[half][i] += values[i] == 0 ? 0 : draws * values[i] / total / SetsOfHalf;
                }
            }
        }

        double[] weights = [.. halves[0].Zip(halves[1], (a, b) => (a + b) / 2)];
        double mean = weights.Average();
        double divergence = (2 * Entropy(weights)) - ((Entropy(halves[0]) + Entropy(halves[1])) / 2);
        return new KeptDraws([.. weights.Select(weight => weight / mean)], divergence);

        double Entropy(double[] of) => of.Average(weight => weight == 0 ? 0 : weight / mean * Math.Log(weight / mean));
    }

    private static void Check(int pool, int draws, int needed)
    {
        if (draws < 1 || pool < needed)
        {
            throw new ArgumentException(
                $"Of {pool} draws of a prompt one of {draws} is to be kept, at least of 1; that takes a pool of at least "
                    + $"{Math.Max(1, needed)}. Draw more (EvaluationCompletions), or keep one of fewer.",
                nameof(draws)
            );
        }
    }
}
