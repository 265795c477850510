namespace VariationalBoN.Evaluation;

/// <summary>Equal values among sorted rewards. Stateless, thread-safe.</summary>
internal static class RewardTies
{
    /// <summary>How many rewards there are of each value, in ascending order.</summary>
    public static List<int> LevelSizes(ReadOnlySpan<double> sorted)
    {
        var sizes = new List<int>();
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            for (end = start + 1; end < sorted.Length && sorted[end] == sorted[start]; )
                end++;
            sizes.Add(end - start);
        }

        return sizes;
    }
}
