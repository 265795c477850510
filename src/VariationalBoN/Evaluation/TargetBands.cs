using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;
using VariationalBoN.References;

namespace VariationalBoN.Evaluation;

/// <summary>How well (N - 1) log F is known for a typical completion of Best-of-N. Stateless, thread-safe.</summary>
internal static class TargetBands
{
    public const double Confidence = 0.95;

    /// <summary>For each prompt the width of the band at the median best of N;
    /// prompts that agree in M and rank are computed once.</summary>
    public static IEnumerable<double> Widths(IEnumerable<ReferencePrompt> prompts, double n)
    {
        var known = new Dictionary<(int Rank, int Others), double>();
        foreach (ReferencePrompt prompt in prompts)
        {
            var at = (Rank: MedianBest(prompt.Cdf, n) - 1, Others: prompt.Cdf.Count - 1); // the sample itself is left out
            if (!known.TryGetValue(at, out double width))
                known[at] = width = n == 1 ? 0 : (n - 1) * LogWidth(ClopperPearsonInterval.Of(at.Rank, at.Others, Confidence));
            yield return width;
        }
    }

    /// <summary>k_le of the level on which the distribution of the best of n reaches one half.</summary>
    private static int MedianBest(EmpiricalRewardCdf cdf, double n)
    {
        double[] weights = cdf.BestOfNWeightsByRank(n);
        int i = weights.Length - 1;
        for (double above = weights[i]; above < 0.5 && i > 0; above += weights[i])
            i--;
        return cdf.Counts(cdf.SortedRewards[i]).AtOrBelow;
    }

    private static double LogWidth(Interval band) => Math.Log(band.Upper / band.Lower);
}
