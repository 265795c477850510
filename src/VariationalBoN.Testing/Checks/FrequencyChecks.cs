using System.Globalization;
using MathNet.Numerics;
using VariationalBoN.Numerics;

namespace VariationalBoN.Testing.Checks;

/// <summary>Statistical checks of Sample against LogProb,
/// with a false alarm rate that is a bound for every number of draws. Stateless.</summary>
/// <remarks>
/// Frequencies: an exact two-sided binomial test of each outcome, Bonferroni over all. Temperature: in the family p_i^b / sum_j p_j^b the
/// log-likelihood ratio of the best b to b = 1 exceeds c with probability at most 2 e^-c
/// (Chernoff's bound on the mean log-prob). Measured is -log10 of the p-value.
/// </remarks>
internal static class FrequencyChecks
{
    /// <summary>The statistical checks among which the false alarm rate is shared: frequencies, temperature, and other seeds.</summary>
    private const int StatisticalChecks = 3;
    private const double LargestInverse = 50;

    /// <summary>The -log10 p-value above which a statistical check fails.</summary>
    public static double Limit(PolicyCheckOptions options) => -Math.Log10(options.FalseAlarmRate / StatisticalChecks);

    public static CheckResult Frequencies(OutcomeCounts counts, PolicyCheckOptions options)
    {
        var cells = counts
            .Groups.SelectMany(group =>
                group.Cells().Select(cell => (Group: group, cell.Probability, cell.Count, P: PValue(cell, group.Trials, options.Tolerance)))
            )
            .ToList();
        var worst = cells.MinBy(cell => cell.P);
        string detail = string.Create(
            CultureInfo.InvariantCulture,
            $"-log10 of the p-value of the frequencies in {counts.Groups.Sum(group => group.Trials)} draws, {cells.Count} outcomes; the "
                + $"farthest, of the {worst.Group.What}, came {worst.Count} times where LogProb says "
                + $"{worst.Probability * worst.Group.Trials:0.#}"
        );
        var causes = new List<string>();
        double inverse = Fit(counts, out double gain);
        if (gain / Math.Log(10) > Limit(options))
            causes.Add(TemperatureCause(inverse));
        if (worst.Probability < -options.Tolerance)
            causes.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the probabilities of the {worst.Group.What} that were drawn sum to {1 - worst.Probability:0.##}: LogProb leaves out "
                        + $"a factor, such as the stop token, or averages over tokens"
                )
            );
        else if (worst.Count < worst.Probability * worst.Group.Trials)
            causes.Add("Sample avoids what LogProb calls likely: it truncates (top-k, top-p, greedy) where LogProb does not");
        causes.Add("LogProb is of other tokens than were drawn: shifted by one, the prompt included, or tokenised again from text");
        return CheckResult.Of(
            "frequencies",
            -Math.Log10(Math.Min(1, worst.P * cells.Count)),
            Limit(options),
            counts.Note is null ? detail : $"{detail}; {counts.Note}",
            causes
        );
    }

    public static CheckResult Temperature(OutcomeCounts counts, PolicyCheckOptions options)
    {
        if (!Families(counts).Any())
            return CheckResult.Skip("temperature", "no outcome was drawn often enough to tell a temperature by, or all are equally likely");
        double inverse = Fit(counts, out double gain);
        double evidence = Math.Max(0, (gain - Math.Log(2)) / Math.Log(10));
        return CheckResult.Of(
            "temperature",
            evidence,
            Limit(options),
            FormattableString.Invariant(
                $"-log10 of the p-value of Sample and LogProb being of one temperature; their ratio is estimated as {1 / inverse:0.##}"
            ),
            TemperatureCause(inverse)
        );
    }

    private static string TemperatureCause(double inverse) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Sample and LogProb are of different temperatures, Sample's {1 / inverse:0.##} times that of LogProb: one of the two ignores "
                + $"the temperature, or top-k or top-p sharpen Sample alone"
        );

    /// <summary>A bound on the probability of a count at least as far from what LogProb says, give or take its rounding.</summary>
    private static double PValue((double Probability, int Count, bool IsRemainder) cell, int trials, double tolerance)
    {
        (double probability, int count, bool isRemainder) = cell;
        if (double.IsNaN(probability) || probability < -tolerance)
            return 0;
        double slack = isRemainder ? tolerance : probability * tolerance; // a remainder is 1 minus a sum, and off by as much as the sum
        double low = Math.Clamp(probability - slack, 0, 1),
            high = Math.Clamp(probability + slack, 0, 1);
        double atLeast = count == 0 || high == 1 ? 1 : SpecialFunctions.BetaRegularized(count, trials - count + 1, high);
        double atMost = count == trials || low == 0 ? 1 : SpecialFunctions.BetaRegularized(trials - count, count + 1, 1 - low);
        return Math.Min(1, 2 * Math.Min(atLeast, atMost));
    }

    /// <summary>First tokens where they are known, since a temperature acts on them exactly; whole completions otherwise.</summary>
    private static IEnumerable<OutcomeGroup> Families(OutcomeCounts counts)
    {
        bool first = counts.Groups.Any(group => group.FirstTokens);
        return counts.Groups.Where(group =>
            group.FirstTokens == first
            && group.Counts.Sum() > 0
            && group.LogProbs.All(double.IsFinite)
            && group.LogProbs.Max() - group.LogProbs.Min() > 1e-3
        );
    }

    /// <summary>The b of highest likelihood and how many nats it gains over b = 1; the log-likelihood is concave in b.</summary>
    private static double Fit(OutcomeCounts counts, out double gain)
    {
        OutcomeGroup[] families = [.. Families(counts)];
        double low = 0,
            high = LargestInverse;
        for (int step = 0; step < 200; step++)
        {
            double left = low + ((high - low) / 3),
                right = high - ((high - low) / 3);
            (low, high) = LogLikelihood(families, left) < LogLikelihood(families, right) ? (left, high) : (low, right);
        }

        double best = (low + high) / 2;
        gain = LogLikelihood(families, best) - LogLikelihood(families, 1);
        return best;
    }

    private static double LogLikelihood(OutcomeGroup[] families, double inverse)
    {
        double sum = 0;
        foreach (OutcomeGroup group in families)
        {
            double[] scaled = [.. group.LogProbs.Select(value => inverse * value)];
            double normaliser = LogMath.LogSumExp(scaled);
            for (int i = 0; i < scaled.Length; i++)
                sum += group.Counts[i] * (scaled[i] - normaliser);
        }

        return sum;
    }
}
