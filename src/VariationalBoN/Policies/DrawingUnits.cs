namespace VariationalBoN.Policies;

/// <summary>
/// Cuts a call into units, each a group of prompts and a range of samples. Rows of one unit pass through the model together, and what
/// stands beside a row may change its last bits; so where the cuts are depends on settings alone:
/// <see cref="GenerationOptions.RowsPerUnit"/> and the number of samples a prompt.
/// </summary>
internal static class DrawingUnits
{
    /// <summary>
    /// With K samples a prompt and units of at most U rows: U / K prompts a unit, whole, where K is at most U; otherwise one prompt and the
    /// samples between two multiples of U, counted from sample 0 of the prompt. The rows of a unit are in the order of the lengths of
    /// prompts, so that prompts that are read together are about equally long, then of prompts and samples.
    /// </summary>
    internal static List<PlannedRow[]> Cut(EncodedPrompt[] prompts, int completionsPerPrompt, DrawSeed seed, int rowsPerUnit)
    {
        int[] first = FirstSamples(prompts, completionsPerPrompt);
        PlannedRow Row(int p, int k) =>
            new(p, checked((p * completionsPerPrompt) + k), new CounterRandom(seed, prompts[p].Prompt, first[p] + k));
        var units = new List<PlannedRow[]>();
        if (completionsPerPrompt <= rowsPerUnit)
        {
            foreach (int[] group in Enumerable.Range(0, prompts.Length).Chunk(rowsPerUnit / completionsPerPrompt))
                units.Add([
                    .. group
                        .OrderBy(p => prompts[p].Tokens.Length)
                        .SelectMany(p => Enumerable.Range(0, completionsPerPrompt).Select(k => Row(p, k))),
                ]);
            return units;
        }

        for (int p = 0; p < prompts.Length; p++)
        {
            for (int start = 0, count; start < completionsPerPrompt; start += count)
            {
                count = (int)
                    Math.Min(rowsPerUnit - (((long)seed.FirstSample + first[p] + start) % rowsPerUnit), completionsPerPrompt - start);
                units.Add([.. Enumerable.Range(start, count).Select(k => Row(p, k))]);
            }
        }

        return units;
    }

    /// <summary>The number of the first sample of each prompt: a prompt that stands twice goes on where it ended before.</summary>
    private static int[] FirstSamples(EncodedPrompt[] prompts, int completionsPerPrompt)
    {
        var drawn = new Dictionary<Prompt, int>();
        int[] first = new int[prompts.Length];
        for (int p = 0; p < prompts.Length; p++)
        {
            first[p] = drawn.GetValueOrDefault(prompts[p].Prompt);
            drawn[prompts[p].Prompt] = checked(first[p] + completionsPerPrompt);
        }

        return first;
    }
}
