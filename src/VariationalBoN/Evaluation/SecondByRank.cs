namespace VariationalBoN.Evaluation;

/// <summary>The second reward of samples that have none, from those that stand beside them by the first. Stateless, thread-safe.</summary>
/// <remarks>
/// Which samples are scored may depend on the first reward, so the scored ones are no fair part of all; those of about one first reward
/// are. Samples of one first reward count as the mean of the scored ones among them; levels of which none is scored lie on the line
/// between their neighbours, by rank; below the lowest and above the highest scored level it is level.
/// </remarks>
internal static class SecondByRank
{
    /// <summary>Fills in what is null.</summary>
    /// <param name="first">M first rewards, ascending.</param>
    /// <param name="second">M second rewards, at least one of them known.</param>
    /// <returns>M numbers.</returns>
    public static double[] Fill(double[] first, double?[] second)
    {
        var levels = new List<(double Rank, double Mean)>();
        double[] filled = new double[first.Length],
            ranks = new double[first.Length];
        for (int start = 0, end; start < first.Length; start = end)
        {
            end = start + 1;
            while (end < first.Length && first[end] == first[start])
                end++;
            Array.Fill(ranks, (start + end - 1) / 2.0, start, end - start);
            double[] known = [.. second[start..end].OfType<double>()];
            if (known.Length > 0)
                levels.Add((ranks[start], known.Average()));
        }

        for (int i = 0, above = 0; i < filled.Length; i++)
        {
            while (above < levels.Count && levels[above].Rank < ranks[i])
                above++;
            filled[i] =
                second[i]
                ?? (
                    above == levels.Count ? levels[^1].Mean
                    : above == 0 || levels[above].Rank == ranks[i] ? levels[above].Mean
                    : Between(levels[above - 1], levels[above], ranks[i])
                );
        }

        return filled;
    }

    private static double Between((double Rank, double Mean) low, (double Rank, double Mean) high, double rank) =>
        low.Mean + ((high.Mean - low.Mean) * (rank - low.Rank) / (high.Rank - low.Rank));
}
