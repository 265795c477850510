using System.Globalization;

namespace VariationalBoN.References;

/// <summary>Joins two reference tables. Stateless, thread-safe.</summary>
internal static class ReferenceTableMerge
{
    public static ReferenceTable Of(ReferenceTable first, ReferenceTable second)
    {
        ReferenceProvenance? provenance = Provenance(first.Provenance, second.Provenance);
        bool sameDraws = Seeds(first).Intersect(Seeds(second)).Any();
        var others = second.Prompts.ToDictionary(prompt => prompt.Prompt);
        if (provenance is null)
            RefuseCopies(first, others);
        ReferencePrompt[] prompts =
        [
            .. first.Prompts.Select(prompt =>
                others.Remove(prompt.Prompt, out ReferencePrompt? other)
                    ? sameDraws
                        ? Longer(prompt, other)
                        : Joined(prompt, other)
                    : prompt
            ),
        ];
        return new ReferenceTable(prompts.Concat(second.Prompts.Where(prompt => others.ContainsKey(prompt.Prompt))), provenance);
    }

    private static ReferenceProvenance? Provenance(ReferenceProvenance? first, ReferenceProvenance? second)
    {
        if (first is null != second is null)
            throw new InvalidOperationException(
                "One of the two reference tables says where it comes from and the other, an imported one, does not: whether they are of "
                    + "one reference and one reward model cannot be known. Merge tables of one kind."
            );
        if (first is null || second is null)
            return null;
        string[] differences = [.. first.Origin.Differences(second.Origin, "the first table", "the second")];
        if (differences.Length > 0)
            throw new InvalidOperationException(
                $"The two reference tables cannot be merged: {string.Join("; ", differences)}. Only samples of one reference, scored in "
                    + $"one way, have one F."
            );
        return first with
        {
            Execution = first.Execution == second.Execution ? first.Execution : null,
            MoreSeeds = [.. first.MoreSeeds.Append(second.Seed).Concat(second.MoreSeeds).Where(seed => seed != first.Seed).Distinct()],
        };
    }

    private static IEnumerable<long> Seeds(ReferenceTable table) => table.Provenance is { } from ? [from.Seed, .. from.MoreSeeds] : [];

    /// <summary>Draws of one seed begin alike: the longer of two tables holds the shorter.</summary>
    private static ReferencePrompt Longer(ReferencePrompt first, ReferencePrompt second)
    {
        (ReferencePrompt longer, ReferencePrompt shorter) =
            second.Rewards.Length > first.Rewards.Length ? (second, first) : (first, second);
        return
            longer.Rewards.AsSpan().StartsWith(shorter.Rewards.AsSpan()) && longer.Responses.AsSpan().StartsWith(shorter.Responses.AsSpan())
            ? longer
            : throw new InvalidOperationException(
                $"Both reference tables hold draws of one seed for the prompt \"{first.Prompt}\", and neither is the beginning of the "
                    + $"other, so that some samples would count twice. Merge tables of different seeds."
            );
    }

    private static ReferencePrompt Joined(ReferencePrompt first, ReferencePrompt second)
    {
        if (first.Samples.IsEmpty != second.Samples.IsEmpty || first.Responses.IsEmpty != second.Responses.IsEmpty)
            throw new InvalidOperationException(
                $"Only one of the two reference tables holds the "
                    + $"{(first.Responses.IsEmpty != second.Responses.IsEmpty ? "texts" : "tokens")} of the samples of the prompt "
                    + $"\"{first.Prompt}\". Merge tables of one kind."
            );
        if (first.TieTolerance != second.TieTolerance)
            throw new InvalidOperationException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The tie tolerance of the prompt \"{first.Prompt}\" is {first.TieTolerance} in the first reference table and "
                        + $"{second.TieTolerance} in the second. Give both the same."
                )
            );
        return new ReferencePrompt(first.Prompt, PromptSamples.Joined([first.All, second.All]).From(0), first.TieTolerance);
    }

    /// <summary>Imported tables have no seeds; the same file twice is known by its contents.</summary>
    private static void RefuseCopies(ReferenceTable first, Dictionary<Prompt, ReferencePrompt> others)
    {
        ReferencePrompt[] common = [.. first.Prompts.Where(prompt => others.ContainsKey(prompt.Prompt))];
        if (
            common.Length > 0
            && common.All(prompt =>
                prompt.Rewards.SequenceEqual(others[prompt.Prompt].Rewards)
                && prompt.Responses.SequenceEqual(others[prompt.Prompt].Responses)
            )
        )
            throw new InvalidOperationException(
                $"Every prompt that the two reference tables share ({common.Length}) has the same samples in both: they are copies, and "
                    + $"each sample would count twice. Merge tables of different draws."
            );
    }
}
