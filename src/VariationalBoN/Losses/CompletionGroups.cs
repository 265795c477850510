namespace VariationalBoN.Losses;

/// <summary>B completions split into groups that carry arbitrary labels; dense indices and sizes. Immutable, thread-safe.</summary>
internal sealed class CompletionGroups
{
    private CompletionGroups(int[] groupOf, int[] sizes)
    {
        GroupOf = groupOf;
        Sizes = sizes;
    }

    /// <summary>For each completion the index of its group, 0 to G - 1 in order of first appearance.</summary>
    public int[] GroupOf { get; }

    /// <summary>The number of completions in each of the G groups.</summary>
    public int[] Sizes { get; }

    public static CompletionGroups Of(IReadOnlyList<int> groups, int smallestGroup)
    {
        var indexOf = new Dictionary<int, int>();
        int[] labels = [.. groups],
            groupOf = new int[labels.Length];
        var sizes = new List<int>();
        for (int i = 0; i < groupOf.Length; i++)
        {
            if (!indexOf.TryGetValue(labels[i], out int group))
            {
                group = indexOf[labels[i]] = sizes.Count;
                sizes.Add(0);
            }

            groupOf[i] = group;
            sizes[group]++;
        }

        foreach ((int label, int group) in indexOf)
        {
            if (sizes[group] < smallestGroup)
                throw new ArgumentException(
                    $"Group {label} has {sizes[group]} completion; this loss compares the completions of a group with each other, so each "
                        + $"group needs at least {smallestGroup}. Draw more completions per prompt; where the reward model failed for the "
                        + $"others of a group, leave what is alone out by ScoredBatch.WithoutLone().",
                    nameof(groups)
                );
        }

        return new CompletionGroups(groupOf, [.. sizes]);
    }
}
