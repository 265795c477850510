using System.Collections.Immutable;

namespace VariationalBoN.References;

/// <summary>The plain columns of a row, for people and their tools: what the blobs of the row say. Immutable, thread-safe.</summary>
/// <param name="WithoutReward">How many samples have no reward.</param>
/// <param name="Minimum">The lowest reward; null when there is none.</param>
/// <param name="Mean">The mean reward; null when there is none.</param>
/// <param name="Maximum">The highest reward; null when there is none.</param>
/// <param name="Distinct">How many different rewards there are.</param>
/// <param name="MeanTokens">The mean number of tokens that were drawn; null when they are not known.</param>
internal readonly record struct StoreSummary(
    int WithoutReward,
    double? Minimum,
    double? Mean,
    double? Maximum,
    int Distinct,
    double? MeanTokens
)
{
    /// <summary>That of a row.</summary>
    public static StoreSummary Of(ImmutableArray<double?> rewards, StoreContent content)
    {
        double[] known = [.. rewards.OfType<double>()];
        int[] lengths = [.. (content.Tokens ?? []).OfType<int[]>().Select(tokens => tokens.Length)];
        return new StoreSummary(
            rewards.Length - known.Length,
            known.Length == 0 ? null : known.Min() + 0.0, // which makes 0 of -0, as SQLite does
            known.Length == 0 ? null : MeanOf(known) + 0.0,
            known.Length == 0 ? null : known.Max() + 0.0,
            known.Distinct().Count(),
            lengths.Length == 0 ? null : lengths.Average()
        );
    }

    private static double MeanOf(double[] numbers)
    {
        double sum = numbers.Sum();
        return double.IsFinite(sum) ? sum / numbers.Length : numbers.Sum(number => number / numbers.Length);
    }
}
