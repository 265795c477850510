namespace VariationalBoN.Testing.Checks;

/// <summary>Two scorings of the same completions, by value and by rank within prompts.</summary>
/// <param name="Difference">The largest difference in the unit of the rewards.</param>
/// <param name="Reordered">How many pairs of one prompt changed their order, ties made or broken included.</param>
/// <param name="Pairs">The number of such pairs.</param>
internal readonly record struct RewardComparison(double Difference, long Reordered, long Pairs)
{
    public static RewardComparison Of(IReadOnlyList<Completion> completions, IReadOnlyList<double> one, IReadOnlyList<double> other)
    {
        double difference = 0;
        long reordered = 0,
            pairs = 0;
        for (int i = 0; i < completions.Count; i++)
        {
            difference = Math.Max(difference, one[i] == other[i] ? 0 : Math.Abs(one[i] - other[i]));
            for (int j = 0; j < i; j++)
            {
                if (completions[i].Prompt != completions[j].Prompt)
                    continue;
                pairs++;
                if (one[i].CompareTo(one[j]) != other[i].CompareTo(other[j]))
                    reordered++;
            }
        }

        return new(difference, reordered, pairs);
    }

    public RewardComparison With(RewardComparison other) =>
        new(Math.Max(Difference, other.Difference), Reordered + other.Reordered, Pairs + other.Pairs);

    /// <summary>The share of pairs in another order.</summary>
    public double RankChange => Pairs == 0 ? 0 : (double)Reordered / Pairs;

    /// <summary>What it means for Best-of-N.</summary>
    public string Ranks =>
        Pairs == 0
            ? ""
            : FormattableString.Invariant(
                $"; {RankChange:P1} of pairs of one prompt in another order, and order is all that Best-of-N reads"
            );
}
