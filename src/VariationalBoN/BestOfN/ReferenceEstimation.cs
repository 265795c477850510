using System.Diagnostics;
using VariationalBoN.Rewards;

namespace VariationalBoN.BestOfN;

/// <summary>Draws and scores reference samples batch by batch, into memory or into a store. One estimation; not thread-safe.</summary>
internal sealed class ReferenceEstimation(Scorer scorer, string[] prompts, ReferenceTableOptions options)
{
    private readonly ReferenceProvenance _provenance = new(scorer.Reference.Identity, scorer.Reward.Identity, options.Scoring.Describe(), options.Seed);
    private readonly Dictionary<string, ReferencePrompt> _drawn = new(StringComparer.Ordinal);
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Draws what is missing.</summary>
    public async Task<ReferenceTable> RunAsync(CancellationToken cancellationToken)
    {
        using ReferenceStore? store = options.Folder is null ? null : ReferenceStore.Open(options.Folder, _provenance, options.Storage);
        (string Prompt, int First, int Count)[] missing = [.. prompts.SelectMany(prompt => Missing(store, prompt))];
        var open = missing.GroupBy(part => part.Prompt, StringComparer.Ordinal).ToDictionary(parts => parts.Key, parts => parts.Count(), StringComparer.Ordinal);
        long samples = (long)prompts.Length * options.SamplesPerPrompt, found = samples - missing.Sum(part => (long)part.Count), done = found;
        if (store is not null)
            Report();

        // By range, since one draw is of one range; in a fixed order, so that a resumed run forms the same batches as one that was never stopped.
        foreach (var range in missing.GroupBy(part => (part.First, part.Count)).OrderBy(range => range.Key.First).ThenBy(range => range.Key.Count))
        {
            foreach (string[] batch in range.Select(part => part.Prompt).Chunk(options.PromptsPerBatch))
            {
                cancellationToken.ThrowIfCancellationRequested();
                IReadOnlyList<ReferencePrompt> entries = await DrawAsync(batch, range.Key.First, range.Key.Count, cancellationToken).ConfigureAwait(false);
                Keep(store, entries, range.Key.First);
                foreach (string prompt in batch)
                    open[prompt]--;
                done += (long)batch.Length * range.Key.Count;
                Report();
            }
        }

        return store is null
            ? new ReferenceTable(prompts.Select(prompt => _drawn[prompt]), _provenance)
            : store.AsTable(prompts);

        void Report() => options.Progress?.Report(new ReferenceTableProgress
        {
            Prompts = prompts.Length,
            PromptsDone = prompts.Length - open.Count(prompt => prompt.Value > 0),
            Samples = samples,
            SamplesDone = done,
            SamplesFound = found,
            Elapsed = _clock.Elapsed,
            Repair = store?.Repair,
        });
    }

    private IEnumerable<(string Prompt, int First, int Count)> Missing(ReferenceStore? store, string prompt) => store is null
        ? [(prompt, options.FirstSample, options.SamplesPerPrompt)]
        : store.Missing(prompt, options.FirstSample, options.SamplesPerPrompt).Select(range => (prompt, range.First, range.Count));

    private async Task<IReadOnlyList<ReferencePrompt>> DrawAsync(string[] batch, int first, int count, CancellationToken cancellationToken)
    {
        IReadOnlyList<Completion> drawn = scorer.Reference.Sample(batch, count, new DrawSeed(options.Seed, DrawPurpose.Reference, first), cancellationToken);
        ScoredBatch scored = await scorer.ScoreAsync(drawn, keepLone: true, cancellationToken).ConfigureAwait(false);
        ILookup<string, ScoredCompletion> byPrompt = scored.ToLookup(sample => sample.Completion.Prompt, StringComparer.Ordinal);
        return [.. batch.Select(prompt => Entry(prompt, [.. byPrompt[prompt]], count))];
    }

    private void Keep(ReferenceStore? store, IReadOnlyList<ReferencePrompt> entries, int first)
    {
        if (store is not null)
        {
            store.Append(entries, first);
            return;
        }

        foreach (ReferencePrompt entry in entries)
            _drawn[entry.Prompt] = entry;
    }

    private static ReferencePrompt Entry(string prompt, ScoredCompletion[] samples, int drawn) => samples.Length > 0
        ? new ReferencePrompt(prompt, samples, drawn - samples.Length)
        : throw new RewardModelException($"None of the {drawn} reference samples of the prompt \"{prompt}\" could be scored; all were excluded. See why the reward model fails for them, or whether all are truncated.");
}
