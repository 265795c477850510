using System.Diagnostics.CodeAnalysis;
using VariationalBoN.BestOfN;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>When drawing ends before all n draws: as soon as one more is not worth its cost,
/// by the reference rewards of that prompt.</summary>
/// <remarks>
/// The rule is E[(r - best)+] &lt;= costPerDraw, r the reward of one more draw. The left side falls as the best rises, so that each prompt
/// has one least reward that is good
/// enough. What comes out does not follow the Best-of-N distribution. Source:
/// Weitzman, "Optimal search for the best alternative" (Econometrica 1979). Thread-safe.
/// </remarks>
[Experimental(ExperimentalIds.EarlyStopping)]
public sealed class EarlyStopping
{
    private readonly double _costPerDraw;
    private readonly int _drawsPerRound = 1;

    /// <summary>Creates the rule.</summary>
    /// <param name="table">Reference rewards of the policy that is drawn from, by the reward model that chooses.</param>
    /// <param name="costPerDraw">What a draw costs, in the unit of the reward; finite, at least 0.
    /// At 0 drawing ends at the highest reward of the table.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="costPerDraw"/> is out of range or NaN.</exception>
    public EarlyStopping(ReferenceTable table, double costPerDraw)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (!(costPerDraw >= 0 && costPerDraw < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(
                nameof(costPerDraw),
                costPerDraw,
                "The cost of a draw must be finite and at least 0, in the unit of the reward."
            );
        (Table, _costPerDraw) = (table, costPerDraw);
    }

    /// <summary>Reference rewards of the policy that is drawn from, by the reward model that chooses.</summary>
    public ReferenceTable Table { get; }

    /// <summary>What a draw costs, in the unit of the reward.</summary>
    public double CostPerDraw => _costPerDraw;

    /// <summary>How many completions of a prompt are drawn and scored before the rule is applied
    /// again; at least 1. More of them are faster, as a batch, and save fewer draws.</summary>
    /// <value>Default: 1.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 1.</exception>
    public int DrawsPerRound
    {
        get => _drawsPerRound;
        init =>
            _drawsPerRound =
                value >= 1
                    ? value
                    : throw new ArgumentOutOfRangeException(nameof(DrawsPerRound), value, "There must be at least 1 draw in a round.");
    }

    /// <summary>Whether all n are drawn of a prompt that is not in the table; otherwise it is refused.</summary>
    /// <value>Default: false.</value>
    public bool DrawFullyWithoutTable { get; init; }

    /// <summary>E[(r - best)+], what one more draw is expected to add: the mean over the prompt's samples.</summary>
    /// <param name="prompt">A prompt of the table.</param>
    /// <param name="best">The best reward so far; -infinity where there is none.</param>
    /// <returns>At least 0; +infinity where there is no best.</returns>
    /// <exception cref="KeyNotFoundException">The prompt is not in the table.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="best"/> is NaN.</exception>
    public double ExpectedGain(Prompt prompt, double best) =>
        !double.IsNaN(best)
            ? Gain(Table[prompt].Cdf, best)
            : throw new ArgumentOutOfRangeException(nameof(best), best, "The best reward so far must be a number.");

    /// <summary>What the rule would do on a prompt, as if its samples were all the completions that the reference can draw.</summary>
    /// <param name="prompt">A prompt of the table.</param>
    /// <param name="n">The most draws, at least 1.</param>
    /// <returns>Expected draws and rewards.</returns>
    /// <exception cref="KeyNotFoundException">The prompt is not in the table.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is below 1.</exception>
    public EarlyStoppingForecast Forecast(Prompt prompt, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        EmpiricalRewardCdf cdf = Table[prompt].Cdf;
        ReadOnlySpan<double> rewards = cdf.SortedRewards;
        double least = Least(cdf),
            draws = 0,
            reward = 0,
            whole = 0;
        int below = 0;
        while (below < rewards.Length && rewards[below] < least)
            below++;
        double goesOn = (double)below / rewards.Length; // the probability that a draw is not good enough
        for (int i = 0; i < rewards.Length; i++)
        {
            double from = (double)i / rewards.Length,
                to = (i + 1.0) / rewards.Length;
            double whenAll = rewards[i] * (Math.Pow(to, n) - Math.Pow(from, n));
            whole += whenAll;
            if (i < below)
                reward += whenAll;
            for (int drawn = 0; i >= below && drawn < n; drawn += _drawsPerRound)
            {
                int round = Math.Min(_drawsPerRound, n - drawn);
                reward += rewards[i] * Math.Pow(goesOn, drawn) * (Math.Pow(to, round) - Math.Pow(from, round));
            }
        }

        for (int drawn = 0; drawn < n; drawn += _drawsPerRound)
            draws += Math.Min(_drawsPerRound, n - drawn) * Math.Pow(goesOn, drawn);
        return new EarlyStoppingForecast(draws, reward, whole);
    }

    /// <summary>The rewards of a prompt; null where all n are to be drawn.</summary>
    /// <exception cref="KeyNotFoundException">It is not in the table, and that is refused.</exception>
    internal EmpiricalRewardCdf? Find(Prompt prompt) =>
        Table.Find(prompt)?.Cdf
        ?? (
            DrawFullyWithoutTable
                ? null
                : throw new KeyNotFoundException(
                    $"The prompt {Shown.Quoted(prompt.Canonical)} is not in the reference table, so that nothing says when to stop. Add "
                        + $"it to the table, or set {nameof(EarlyStopping)}.{nameof(DrawFullyWithoutTable)}."
                )
        );

    /// <summary>Whether one more draw is not worth its cost.</summary>
    internal bool IsGoodEnough(EmpiricalRewardCdf cdf, double best) => Gain(cdf, best) <= _costPerDraw;

    /// <summary>What the draws that were not made are expected to have added:
    /// E[(the best of them - best)+] by the table's weights.</summary>
    internal static double Lost(EmpiricalRewardCdf cdf, double best, int left)
    {
        if (left == 0)
            return 0;
        double[] weights = cdf.BestOfNWeightsByRank(left);
        double lost = 0;
        for (int i = 0; i < weights.Length; i++)
            lost += weights[i] * Math.Max(0, cdf.SortedRewards[i] - best);
        return lost;
    }

    private static double Gain(EmpiricalRewardCdf cdf, double best)
    {
        double sum = 0;
        foreach (double reward in cdf.SortedRewards)
            sum += Math.Max(0, reward - best);
        return sum / cdf.Count;
    }

    /// <summary>The lowest reward of the table that is good enough; the highest always is.</summary>
    private double Least(EmpiricalRewardCdf cdf)
    {
        foreach (double reward in cdf.SortedRewards)
        {
            if (IsGoodEnough(cdf, reward))
                return reward;
        }

        return cdf.SortedRewards[^1];
    }
}
