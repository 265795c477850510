namespace VariationalBoN.References;

/// <summary>What of a table is not there yet, and in which batches it is drawn. Immutable, thread-safe.</summary>
internal sealed class DrawPlan
{
    private DrawPlan(IReadOnlyDictionary<Prompt, int> missing, (Prompt[] Prompts, int First, int Count)[] batches) =>
        (Missing, Batches) = (missing, batches);

    /// <summary>How many samples of each prompt are missing; prompts that have all are not here.</summary>
    public IReadOnlyDictionary<Prompt, int> Missing { get; }

    /// <summary>What is drawn, in this order: of each prompt samples First to First + Count - 1.</summary>
    public (Prompt[] Prompts, int First, int Count)[] Batches { get; }

    /// <summary>The plan of a table.</summary>
    /// <remarks>
    /// Of a block all is drawn where bits are promised, and what is missing by range otherwise, since one draw is of one range. Either way
    /// what is there already moves no prompt of another block into another batch.
    /// </remarks>
    /// <param name="prompts">The prompts, none twice.</param>
    /// <param name="options">M, the first sample, and the size of a block.</param>
    /// <param name="store">What is there; null for nothing.</param>
    public static DrawPlan Of(Prompt[] prompts, ReferenceTableOptions options, ReferenceStore? store)
    {
        var cut = DrawBlock
            .Cut(prompts, options)
            .Select(block => (Block: block, Missing: MissingOf(store, block)))
            .Where(part => part.Missing.Length > 0)
            .ToArray();
        return new DrawPlan(
            cut.SelectMany(part => part.Missing)
                .GroupBy(part => part.Prompt)
                .ToDictionary(parts => parts.Key, parts => parts.Sum(part => part.Count)),
            [
                .. cut.SelectMany(part => BatchesOf(part.Block, part.Missing, isWhole: options.SamplesPerBlock is not null))
                    .OrderBy(batch => batch.First)
                    .ThenBy(batch => batch.Count),
            ]
        );
    }

    private static (Prompt Prompt, int First, int Count)[] MissingOf(ReferenceStore? store, DrawBlock block) =>
        store is null
            ? [.. block.Prompts.Select(prompt => (prompt, block.FirstSample, block.Samples))]
            :
            [
                .. block.Prompts.SelectMany(prompt =>
                    store.Missing(prompt, block.FirstSample, block.Samples).Select(range => (prompt, range.First, range.Count))
                ),
            ];

    private static IEnumerable<(Prompt[], int First, int Count)> BatchesOf(
        DrawBlock block,
        (Prompt Prompt, int First, int Count)[] missing,
        bool isWhole
    ) =>
        isWhole
            ? [([.. block.Prompts], block.FirstSample, block.Samples)]
            : missing
                .GroupBy(part => (part.First, part.Count), part => part.Prompt)
                .Select(range => (range.ToArray(), range.Key.First, range.Key.Count));
}
