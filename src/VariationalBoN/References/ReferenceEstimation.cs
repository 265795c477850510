using System.Diagnostics;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Draws and scores some samples of each prompt, the first of them by the seed: an entry for each prompt, in order.</summary>
internal delegate Task<IReadOnlyList<ReferencePrompt>> ReferenceDraw(Prompt[] prompts, int count, DrawSeed seed, CancellationToken cancellationToken);

/// <summary>Draws and scores reference samples batch by batch, into memory or into a store. One estimation; not thread-safe.</summary>
internal sealed class ReferenceEstimation
{
    private readonly ReferenceProvenance _provenance;
    private readonly ReferenceDraw _draw;
    private readonly Prompt[] _prompts;
    private readonly ReferenceTableOptions _options;
    private readonly Dictionary<Prompt, ReferencePrompt> _drawn = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>An estimation of options that were validated.</summary>
    /// <exception cref="ArgumentException">There is no prompt, or there is a folder and the reward model has no identity.</exception>
    public ReferenceEstimation(string reference, string rewardModel, ReferenceDraw draw, IReadOnlyList<Prompt> prompts, ReferenceTableOptions options)
    {
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to estimate reference rewards for; give at least one.", nameof(prompts));
        if (options.Folder is not null && rewardModel.Contains(RewardModel.Unnamed, StringComparison.Ordinal))
            throw new ArgumentException($"The reward model is \"{rewardModel}\": the folder {options.Folder} could not tell it from another function. Pass identity: to RewardModel.FromFunction, FromAsync or FromBatch, and change it when the function changes.");
        (_provenance, _draw) = (new(reference, rewardModel, options.Scoring.Describe(), options.Seed), draw);
        (_prompts, _options) = ([.. prompts.Distinct()], options);
    }

    /// <summary>One whose samples a policy draws and a scorer scores.</summary>
    public static ReferenceEstimation Of(Scorer scorer, IReadOnlyList<Prompt> prompts, ReferenceTableOptions options) =>
        new(scorer.Reference.Identity, scorer.Reward.Identity, (batch, count, seed, cancellationToken) => DrawAsync(scorer, batch, count, seed, cancellationToken), prompts, options);

    /// <summary>Draws what is missing; only when all is drawn are prompts without a reward an error.</summary>
    public async Task<ReferenceTable> RunAsync(CancellationToken cancellationToken)
    {
        using ReferenceStore? store = _options.Folder is null ? null : ReferenceStore.Open(_options.Folder, _provenance, _options.Storage);
        (Prompt Prompt, int First, int Count)[] missing = [.. _prompts.SelectMany(prompt => Missing(store, prompt))];
        var open = missing.GroupBy(part => part.Prompt).ToDictionary(parts => parts.Key, parts => parts.Count());
        long samples = (long)_prompts.Length * _options.SamplesPerPrompt, found = samples - missing.Sum(part => (long)part.Count), done = found, excluded = 0;
        if (store is not null)
            Report();

        // By range, since one draw is of one range; in a fixed order, so that a resumed run forms the same batches as one that was never stopped.
        foreach (var range in missing.GroupBy(part => (part.First, part.Count)).OrderBy(range => range.Key.First).ThenBy(range => range.Key.Count))
        {
            foreach (Prompt[] batch in range.Select(part => part.Prompt).Chunk(_options.PromptsPerBatch))
            {
                cancellationToken.ThrowIfCancellationRequested();
                IReadOnlyList<ReferencePrompt> entries = await _draw(batch, range.Key.Count, new DrawSeed(_options.Seed, DrawPurpose.Reference, range.Key.First), cancellationToken).ConfigureAwait(false);
                Keep(store, entries, range.Key.First);
                foreach (Prompt prompt in batch)
                    open[prompt]--;
                done += (long)batch.Length * range.Key.Count;
                excluded += entries.Sum(entry => (long)entry.Excluded);
                Report();
            }
        }

        if (store is null)
        {
            RequireRewards([.. _drawn.Values]);
            return new ReferenceTable(_prompts.Select(prompt => _drawn[prompt]), _provenance);
        }

        ReferenceTable table = store.AsTable(_prompts, _options.FirstSample, _options.SamplesPerPrompt);
        try
        {
            RequireRewards(table.Prompts);
            return table;
        }
        catch
        {
            table.Dispose();
            throw;
        }

        void Report() => _options.Progress?.Report(new ReferenceTableProgress
        {
            Prompts = _prompts.Length,
            PromptsDone = _prompts.Length - open.Count(prompt => prompt.Value > 0),
            Samples = samples,
            SamplesDone = done,
            SamplesFound = found,
            Excluded = excluded,
            Elapsed = _clock.Elapsed,
            Repair = store?.Repair,
        });
    }

    private IEnumerable<(Prompt Prompt, int First, int Count)> Missing(ReferenceStore? store, Prompt prompt) => store is null
        ? [(prompt, _options.FirstSample, _options.SamplesPerPrompt)]
        : store.Missing(prompt, _options.FirstSample, _options.SamplesPerPrompt).Select(range => (prompt, range.First, range.Count));

    private static async Task<IReadOnlyList<ReferencePrompt>> DrawAsync(Scorer scorer, Prompt[] batch, int count, DrawSeed seed, CancellationToken cancellationToken)
    {
        IReadOnlyList<Completion> drawn = scorer.Reference.Sample(batch, count, seed, cancellationToken);
        (ScoredBatch scored, int[] kept) = await scorer.ScoreKeptAsync(drawn, keepLone: true, cancellationToken).ConfigureAwait(false);
        int?[] places = new int?[drawn.Count]; // in the scored batch; null for what was excluded
        for (int i = 0; i < kept.Length; i++)
            places[kept[i]] = i;
        ILookup<Prompt, int?> byPrompt = Enumerable.Range(0, places.Length).ToLookup(i => drawn[i].Prompt, i => places[i]);
        return [.. batch.Select(prompt => Entry(prompt, [.. byPrompt[prompt]]))];

        ReferencePrompt Entry(Prompt prompt, int?[] samples)
        {
            int[] found = [.. samples.OfType<int>()];
            return new ReferencePrompt(prompt, found.Select(place => scored[place]), Enumerable.Range(0, samples.Length).Where(i => samples[i] is null), ReferenceComponents.Of(scored.Components, found));
        }
    }

    private void RequireRewards(IReadOnlyCollection<ReferencePrompt> prompts)
    {
        if (PromptsWithoutReward.Among(prompts) is string empty)
            throw new RewardModelException($"{empty}{(_options.Folder is null ? "" : $" All that was drawn is kept in {_options.Folder}.")} See why the reward model fails for them, or whether all are truncated; draw more samples (SamplesPerPrompt), or leave these prompts out.");
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
}
