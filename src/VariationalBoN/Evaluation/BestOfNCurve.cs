using System.Collections.Immutable;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Evaluation;

/// <summary>The expected reward of Best-of-n for every n, estimated from the rewards of a reference table without new draws.</summary>
/// <remarks>
/// <see cref="ExpectedMax"/> of each prompt, unbiased for every n up to M, averaged over prompts; drawing n of the M with replacement
/// instead is biased low. Errors and intervals are over prompts, so they hold for every n,
/// but speak of prompts like these alone. Immutable, thread-safe.
/// </remarks>
public sealed class BestOfNCurve
{
    private BestOfNCurve(ImmutableArray<BestOfNPoint> points) => Points = points;

    /// <summary>The points for n = 1, 2, ..., <see cref="MaxN"/>.</summary>
    public ImmutableArray<BestOfNPoint> Points { get; }

    /// <summary>The largest n: the smallest M of the prompts, or less where the caller asked for less.</summary>
    public int MaxN => Points.Length;

    /// <summary>The point for one n.</summary>
    /// <param name="n">1 to <see cref="MaxN"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range.</exception>
    public BestOfNPoint this[int n] =>
        n >= 1 && n <= MaxN
            ? Points[n - 1]
            : throw new ArgumentOutOfRangeException(
                nameof(n),
                n,
                $"n must be 1 to {MaxN}, which the prompt with the fewest samples, or what was asked for, allows."
            );

    /// <summary>The curve over all prompts of a table.</summary>
    /// <param name="table">The reference rewards.</param>
    /// <param name="maxN">The largest n wanted, at least 1; time and memory grow with it.
    /// What the smallest M does not allow is left out.</param>
    /// <param name="bootstrap">Resamples, confidence and seed; null for the defaults.</param>
    /// <returns>The curve.</returns>
    /// <exception cref="ArgumentException">A bootstrap option is out of range.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxN"/> is below 1.</exception>
    public static BestOfNCurve FromTable(ReferenceTable table, int maxN = int.MaxValue, BootstrapOptions? bootstrap = null)
    {
        ArgumentNullException.ThrowIfNull(table);
        return FromPrompts([.. table.Prompts.Select(prompt => prompt.Cdf)], maxN, bootstrap);
    }

    internal static BestOfNCurve FromPrompts(IReadOnlyList<EmpiricalRewardCdf> prompts, int maxN, BootstrapOptions? bootstrap)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxN, 1);
        bootstrap ??= new BootstrapOptions();
        bootstrap.Validate();
        int largest = Math.Min(maxN, prompts.Min(cdf => cdf.Count));
        double[] values = new double[checked(prompts.Count * largest)]; // [prompts, n]
        for (int p = 0; p < prompts.Count; p++)
            ExpectedMax.Curve(prompts[p].SortedRewards, largest).CopyTo(values, p * largest);
        Interval[] intervals = PromptBootstrap.OfMeans(values, prompts.Count, largest, bootstrap);
        return new BestOfNCurve([
            .. Enumerable
                .Range(0, largest)
                .Select(i => new BestOfNPoint(
                    i + 1,
                    Estimate.FromObservations(Column(i)),
                    intervals[i],
                    Estimate.FromObservations(Column(i).Zip(Column(0), (best, one) => best - one))
                )),
        ]);

        IEnumerable<double> Column(int i) => Enumerable.Range(0, prompts.Count).Select(p => values[(p * largest) + i]);
    }
}
