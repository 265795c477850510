using System.Collections.Immutable;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;
using VariationalBoN.References;

namespace VariationalBoN.Evaluation;

/// <summary>Makes the numbers of a <see cref="ReferenceReport"/>. Stateless, thread-safe.</summary>
internal static class ReferenceReportBuilder
{
    public static ReferenceReport Build(
        ReferenceTable table,
        ReferenceReportOptions options,
        IReadOnlyList<ScoredCompletion>? policyCompletions
    )
    {
        ArgumentNullException.ThrowIfNull(table);
        options.Validate();
        int median = table.Prompts.Select(prompt => prompt.Cdf.Count).Order().ElementAt(table.Prompts.Length / 2);
        ReferencePrompt[] prompts = [.. table.Prompts.Where(prompt => prompt.Cdf.Count >= Math.Max(2, (median + 1) / 2))];
        if (prompts.Length == 0)
            throw new ArgumentException(
                "No prompt of the table has two samples (M = 1), so nothing can be said of their rewards; estimate it with more samples "
                    + "for each prompt."
            );
        bool inTokens = prompts.All(prompt => !prompt.Samples.IsEmpty);
        PromptStatistics[] statistics = [.. prompts.Select(prompt => PromptStatistics.Of(prompt, inTokens))];
        int smallest = prompts.Min(prompt => prompt.Cdf.Count);
        int[] grid = Grid(options.N, Math.Min(smallest - 1, options.MaxN));
        var curve = BestOfNCurve.FromPrompts([.. prompts.Select(prompt => prompt.Cdf)], options.MaxN, options.Bootstrap);
        bool isExact = prompts.All(prompt => BestOfNKl.Exact(prompt, 1) is not null);
        return new ReferenceReport
        {
            N = options.N,
            Confidence = options.Bootstrap.Confidence,
            Prompts = prompts.Length,
            PromptsLeftOut = table.Prompts.Length - prompts.Length,
            MinM = smallest,
            MaxM = prompts.Max(prompt => prompt.Cdf.Count),
            Excluded = prompts.Sum(prompt => prompt.Excluded),
            TieShare = Estimate.FromObservations(statistics.Select(prompt => prompt.TieShare)),
            TopShare = Estimate.FromObservations(statistics.Select(prompt => prompt.TopShare)),
            ZeroVariancePrompts = statistics.Count(prompt => prompt.DistinctRewards == 1),
            DistinctRewards = Estimate.FromObservations(statistics.Select(prompt => (double)prompt.DistinctRewards)),
            DistinctTexts = Mean(statistics.Select(prompt => (double?)prompt.DistinctTexts)),
            InconsistentTexts = statistics.Any(prompt => prompt.DistinctTexts is not null)
                ? statistics.Sum(prompt => prompt.InconsistentTexts)
                : null,
            MaxInconsistency = statistics.Max(prompt => prompt.MaxInconsistency),
            LengthCorrelation = Mean(statistics.Select(prompt => prompt.LengthCorrelation)),
            LengthInTokens = inTokens,
            TruncatedShare = Mean(statistics.Select(prompt => prompt.TruncatedShare)),
            TieTolerance = prompts.Max(prompt => prompt.Cdf.TieTolerance),
            ExpectedTargetKl = SamplePlanner.ExpectedKl(options.N, smallest),
            TargetBandWidth = PromptMean.Of([.. TargetBands.Widths(prompts, options.N)], [.. Enumerable.Range(0, prompts.Length)]),
            Calibration = RankCalibration.FromPrompts(prompts, options.Bootstrap.Seed),
            Curve = curve,
            Rows = Rows(prompts, statistics, curve, grid, isExact),
            KlIsExact = isExact,
            Policy = policyCompletions is null ? null : Compare(table, prompts, policyCompletions, grid),
        };
    }

    /// <summary>1, 2, 4, ... and N where it is whole, up to a largest n.</summary>
    private static int[] Grid(double n, int largest)
    {
        var grid = new SortedSet<int>();
        for (long power = 1; power <= largest; power *= 2)
            grid.Add((int)power);
        if (n <= largest && n == Math.Floor(n))
            grid.Add((int)n);
        return [.. grid];
    }

    private static ImmutableArray<BestOfNRow> Rows(
        ReferencePrompt[] prompts,
        PromptStatistics[] statistics,
        BestOfNCurve curve,
        int[] grid,
        bool isExact
    )
    {
        return
        [
            .. grid.Select(n =>
            {
                var withoutTies = new Dictionary<int, double>(); // by M alone: many prompts, one divergence
                return new BestOfNRow
                {
                    Point = curve[n],
                    WinRate = Estimate.FromObservations(
                        prompts.Select(
                            (prompt, p) =>
                                statistics[p].DistinctRewards == prompt.Cdf.Count
                                    ? BestOfNMath.WinRate(n)
                                    : UnbiasedWinRate.OfBestOfN(prompt.Cdf.SortedLevels, n)
                        )
                    ),
                    Kl = Estimate.FromObservations(
                        prompts.Select((prompt, p) => isExact ? BestOfNKl.Exact(prompt, n)!.Value : FromLevels(prompt.Cdf, statistics[p]))
                    ),
                    KlTightBound = Mean(prompts.Select(prompt => BestOfNKl.TightBound(prompt, n))),
                    KlUpperBound = BestOfNMath.KlUpperBound(n),
                };

                double FromLevels(EmpiricalRewardCdf cdf, PromptStatistics prompt)
                {
                    if (prompt.DistinctRewards < cdf.Count)
                        return BestOfNKl.FromLevels(cdf, n);
                    if (!withoutTies.TryGetValue(cdf.Count, out double kl))
                        withoutTies[cdf.Count] = kl = BestOfNKl.FromLevels(cdf, n);
                    return kl;
                }
            }),
        ];
    }

    private static PolicyComparison Compare(
        ReferenceTable table,
        ReferencePrompt[] prompts,
        IReadOnlyList<ScoredCompletion> completions,
        int[] grid
    )
    {
        HashSet<Prompt> kept = [.. prompts.Select(prompt => prompt.Prompt)];
        return PolicyComparison.Of(
            table,
            [.. completions.Where(completion => kept.Contains(table[completion.Completion.Prompt].Prompt))],
            grid
        );
    }

    /// <summary>The mean over the prompts for which the number is known; null when it is for none.</summary>
    private static Estimate? Mean(IEnumerable<double?> values)
    {
        double[] known = [.. values.OfType<double>()];
        return known.Length == 0 ? null : Estimate.FromObservations(known);
    }
}
