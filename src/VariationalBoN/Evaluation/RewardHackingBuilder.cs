using System.Collections.Immutable;

namespace VariationalBoN.Evaluation;

/// <summary>Makes the numbers of a <see cref="RewardHackingReport"/>. Stateless, thread-safe.</summary>
internal static class RewardHackingBuilder
{
    private const int PointsPerDoubling = 8,
        StepsPerPoint = 2,
        FewestScored = 4,
        Parts = 8;

    public static RewardHackingReport Build(ReferenceTable table, string second, RewardHackingOptions options)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentException.ThrowIfNullOrEmpty(second);
        options.Validate();
        RequireComponents(table, [second, .. options.Ensemble]);
        HackingSamples[] all = [.. table.Prompts.Select(prompt => new HackingSamples(prompt, second, options.Ensemble))];
        HackingSamples[] prompts = Usable(all, second);
        int maxN = prompts.Min(prompt => prompt.Scored) / 2;
        double[] grid = Grid(maxN);
        prompts = [.. prompts.Where(prompt => prompt.IsScoredAt(maxN))];
        if (prompts.Length == 0)
            throw new ArgumentException(
                $"No prompt has the component \"{second}\" among its samples of the highest reward, which Best-of-N chooses; score some "
                    + $"of those."
            );
        RequireAllRanks(prompts, second);
        int rows = prompts.Length,
            columns = grid.Length;
        double[] first = new double[rows * columns],
            values = new double[rows * columns],
            slopes = new double[rows * columns]; // [prompts, n]
        for (int p = 0; p < rows; p++)
        {
            for (int c = 0; c < columns; c++)
                (first[(p * columns) + c], values[(p * columns) + c], slopes[(p * columns) + c]) = prompts[p].At(grid[c]);
        }

        double[] slope = [.. Enumerable.Range(0, columns).Select(c => Column(slopes, c).Average())];
        double threshold = Threshold(grid, slope);
        Interval[] intervals = PromptBootstrap.OfMeans(values, rows, columns, options.Bootstrap);
        return new RewardHackingReport
        {
            SecondName = second,
            N = options.N,
            Confidence = options.Bootstrap.Confidence,
            Prompts = rows,
            PromptsLeftOut = all.Length - rows,
            Scored = prompts.Sum(prompt => (long)prompt.Scored),
            Samples = prompts.Sum(prompt => (long)prompt.Count),
            MaxN = maxN,
            Threshold = threshold > 1 && double.IsFinite(threshold) ? threshold : null,
            Helps = threshold > 1,
            ThresholdInterval =
                rows == 1
                    ? new Interval(1, double.PositiveInfinity)
                    : PromptBootstrap.OfResamples(
                        [.. PromptBootstrap.Means(slopes, rows, columns, options.Bootstrap).Select(of => Threshold(grid, of))],
                        rows,
                        options.Bootstrap.Confidence
                    ),
            Points =
            [
                .. Enumerable
                    .Range(0, columns)
                    .Where(c => c % StepsPerPoint == 0 || c == columns - 1)
                    .Select(c => new HackingPoint(
                        grid[c],
                        Estimate.FromObservations(Column(first, c)),
                        Estimate.FromObservations(Column(values, c)),
                        intervals[c],
                        Estimate.FromObservations(Column(values, c).Zip(Column(values, 0), (at, one) => at - one)),
                        Estimate.FromObservations(Column(slopes, c))
                    )),
            ],
            Ranks = Ranks(prompts),
            Ensemble = options.Ensemble,
        };

        IEnumerable<double> Column(double[] matrix, int c) => Enumerable.Range(0, rows).Select(p => matrix[(p * columns) + c]);
    }

    /// <summary>Where a slope first changes from + to -, linear between points in log n;
    /// infinite when it does not, 1 when it is nowhere positive.</summary>
    internal static double Threshold(double[] grid, double[] slope)
    {
        for (int i = 1; i < grid.Length; i++)
        {
            if (slope[i - 1] > 0 && slope[i] <= 0)
                return grid[i - 1] * Math.Pow(grid[i] / grid[i - 1], slope[i - 1] / (slope[i - 1] - slope[i]));
        }

        return slope.Any(value => value > 0) ? double.PositiveInfinity : 1;
    }

    private static double[] Grid(int maxN)
    {
        int steps = PointsPerDoubling * StepsPerPoint,
            whole = (int)Math.Floor(Math.Log2(maxN) * steps);
        var grid = Enumerable.Range(0, whole + 1).Select(i => i % steps == 0 ? 1L << (i / steps) : Math.Pow(2, (double)i / steps)).ToList();
        if (grid[^1] < maxN)
            grid.Add(maxN);
        return [.. grid];
    }

    private static HackingSamples[] Usable(HackingSamples[] all, string second)
    {
        int median = all.Select(prompt => prompt.Scored).Order().ElementAt(all.Length / 2),
            most = all.Max(prompt => prompt.Scored);
        int least = Math.Max(FewestScored, (median + 1) / 2);
        HackingSamples[] usable = [.. all.Where(prompt => prompt.Scored >= least)];
        return usable.Length > 0
            ? usable
            : throw new ArgumentException(
                $"No prompt has {FewestScored} samples with the component \"{second}\"; the most is {most}. Score more samples of a "
                    + $"prompt with the second judge."
            );
    }

    /// <summary>
    /// What Best-of-N leaves behind counts as much as what it chooses: of each eighth of the ranks some prompts have scored samples, at
    /// least half as many as if the scored ones were chosen blindly.
    /// </summary>
    private static void RequireAllRanks(HackingSamples[] prompts, string second)
    {
        double usual = prompts.Average(prompt => 1 - Math.Pow(1 - (1.0 / Parts), prompt.Scored));
        int[] missing =
        [
            .. Enumerable.Range(0, Parts).Where(part => prompts.Count(prompt => prompt.IsScored(part, Parts)) < usual * prompts.Length / 2),
        ];
        if (missing.Length == 0)
            return;
        string ranks = string.Join(
            ", ",
            missing.Select(part => FormattableString.Invariant($"{100.0 * part / Parts:0.#} to {100.0 * (part + 1) / Parts:0.#} %"))
        );
        throw new ArgumentException(
            $"Hardly any sample of these ranks by the first reward has the component \"{second}\": {ranks} (0 % the lowest reward). The "
                + $"gain of more draws is the difference to those samples, "
                + "so it cannot be computed. Score some samples of each part of the ranks, chosen at random within it."
        );
    }

    private static void RequireComponents(ReferenceTable table, IEnumerable<string> names)
    {
        string[] known =
        [
            .. table.Prompts.SelectMany(prompt => prompt.Components.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        foreach (string name in names)
        {
            if (!known.Contains(name))
                throw new ArgumentException(
                    $"No sample of the table has the component \"{name}\"; there "
                        + $"{(known.Length == 0 ? "are none" : $"are \"{string.Join("\", \"", known)}\"")}. Add the scores of a second "
                        + $"judge by ReferenceTable.WithComponentAsync, or as \"components\" of the file's rows."
                );
        }
    }

    private static ImmutableArray<TopRanks> Ranks(HackingSamples[] prompts)
    {
        int fewest = prompts.Min(prompt => prompt.Count);
        var ranks = ImmutableArray.CreateBuilder<TopRanks>();
        for (int part = 1; fewest / part >= FewestScored; part *= 2)
        {
            var top = Array.ConvertAll(prompts, prompt => prompt.Top(prompt.Count / part));
            if (Mean(top.Select(of => of.Second)) is not Estimate second)
                break;
            ranks.Add(
                new TopRanks
                {
                    Share = 1.0 / part,
                    Second = second,
                    Agreement = Mean(top.Select(of => of.Agreement)),
                    LengthCorrelation = Mean(top.Select(of => of.LengthCorrelation)),
                    RelativeLength = Mean(top.Select(of => of.RelativeLength)),
                    Disagreement = Mean(top.Select(of => of.Disagreement)),
                }
            );
        }

        return ranks.ToImmutable();
    }

    private static Estimate? Mean(IEnumerable<double?> values)
    {
        double[] known = [.. values.OfType<double>()];
        return known.Length == 0 ? null : Estimate.FromObservations(known);
    }
}
