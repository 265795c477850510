using VariationalBoN.BestOfN;

namespace AlignHuggingFace;

/// <summary>The cache of reference rewards in the output folder. Stateless.</summary>
internal static class ReferenceRewards
{
    private const string FileName = "references.jsonl";

    /// <summary>Reads the cache when it was made with this reference, judge, seed and M for these prompts; otherwise makes it anew.</summary>
    public static async Task<ReferenceTable> ObtainAsync(Scorer scorer, IReadOnlyList<string> prompts, Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        string path = Path.Combine(arguments.Output, FileName);
        if (File.Exists(path) && ReferenceTable.Load(path) is var found && Fits(found, scorer, prompts, arguments))
        {
            output.WriteLine($"reference rewards: read from {path}");
            return found;
        }

        var options = new ReferenceTableOptions { SamplesPerPrompt = arguments.SamplesPerPrompt, Seed = arguments.Seed, PromptsPerBatch = 4 };
        var table = await ReferenceTable.EstimateAsync(scorer.Reference, scorer.Reward, prompts, options, cancellationToken);
        table.Save(path);
        output.WriteLine($"reference rewards: {arguments.SamplesPerPrompt} for each of {prompts.Count} prompts, written to {path} (for samples/InspectRewards)");
        return table;
    }

    private static bool Fits(ReferenceTable table, Scorer scorer, IReadOnlyList<string> prompts, Arguments arguments) =>
        table.Provenance == new ReferenceProvenance(scorer.Reference.Identity, scorer.Reward.Identity, scorer.Options.Describe(), arguments.Seed)
        && table.Prompts.Select(prompt => prompt.Prompt).SequenceEqual(prompts, StringComparer.Ordinal)
        && table.Prompts.All(prompt => prompt.Samples.Length + prompt.Excluded == arguments.SamplesPerPrompt);
}
