using System.Diagnostics;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Draws some samples of each prompt, the first of them by the seed. What it gives scores them: an entry for each prompt, in order.</summary>
internal delegate Task<Func<Task<IReadOnlyList<ReferencePrompt>>>> ReferenceDraw(
    Prompt[] prompts, int count, DrawSeed seed, CancellationToken cancellationToken);

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
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    public ReferenceEstimation(ScoringIdentity origin, ReferenceDraw draw, IReadOnlyList<Prompt> prompts, ReferenceTableOptions options)
    {
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to estimate reference rewards for; give at least one.", nameof(prompts));
        (_provenance, _draw) = (new(origin, options.Seed), draw);
        (_prompts, _options) = ([.. prompts.Distinct()], options);
    }

    /// <summary>One whose samples a source draws and scores.</summary>
    /// <exception cref="ArgumentException">There is no prompt, or the source draws from another policy than the reference.</exception>
    public static ReferenceEstimation Of(ICompletionSource source, IReadOnlyList<Prompt> prompts, ReferenceTableOptions options)
    {
        ScoringIdentity origin = source.Origin;
        string[] differences = [.. source.Policy.Differences(origin.Reference)];
        if (differences.Length > 0)
            throw new ArgumentException($"The source draws from another policy than the reference whose log-probabilities it gives: {string.Join("; ", differences)}. Draw reference samples from the reference.", nameof(source));
        var watch = new TruncationWatch((long)prompts.Count * options.SamplesPerPrompt, options.OnWarning);
        return new(origin, source is PolicyCompletionSource local ? DrawThenScoreAsync : DrawScoredAsync, prompts, options);

        Task<Func<Task<IReadOnlyList<ReferencePrompt>>>> DrawThenScoreAsync(
            Prompt[] batch, int count, DrawSeed seed, CancellationToken cancellationToken)
        {
            IReadOnlyList<Completion> drawn = local.Draw(batch, count, seed, cancellationToken);
            watch.Observe(drawn);
            return Task.FromResult<Func<Task<IReadOnlyList<ReferencePrompt>>>>(
                async () => Entries(await local.ScoreAsync(drawn, count, cancellationToken).ConfigureAwait(false), batch, count));
        }

        async Task<Func<Task<IReadOnlyList<ReferencePrompt>>>> DrawScoredAsync(
            Prompt[] batch, int count, DrawSeed seed, CancellationToken cancellationToken)
        {
            ScoredBatch scored = await source.DrawAsync(batch, count, seed, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<ReferencePrompt> entries = Entries(scored, batch, count);
            watch.Observe(scored.Drawn.Select(sample => sample.Completion));
            return () => Task.FromResult(entries);
        }
    }

    /// <summary>Draws what is missing; only when all is drawn are prompts without a reward an error.</summary>
    public async Task<ReferenceTable> RunAsync(CancellationToken cancellationToken)
    {
        using ReferenceStore? store = _options.Store is null ? null : ReferenceStore.Open(_options.Store, _provenance, _options.Storage);
        (Prompt Prompt, int First, int Count)[] missing = [.. _prompts.SelectMany(prompt => Missing(store, prompt))];
        var open = missing.GroupBy(part => part.Prompt).ToDictionary(parts => parts.Key, parts => parts.Count());
        long samples = (long)_prompts.Length * _options.SamplesPerPrompt, found = samples - missing.Sum(part => (long)part.Count), done = found, excluded = 0;
        if (store is not null)
            Report();

        // By range, since one draw is of one range; in a fixed order, so that a resumed run forms the same batches as one that was never stopped.
        // The next batch is drawn while the judge is awaited for the one before: never two draws or two judgements at once.
        (Prompt[] Batch, int First, int Count)[] batches = [.. missing.GroupBy(part => (part.First, part.Count)).OrderBy(range => range.Key.First).ThenBy(range => range.Key.Count)
            .SelectMany(range => range.Select(part => part.Prompt).Chunk(_options.PromptsPerBatch).Select(batch => (batch, range.Key.First, range.Key.Count)))];
        Task<Func<Task<IReadOnlyList<ReferencePrompt>>>>? next = null;
        for (int b = 0; b < batches.Length; b++)
        {
            Func<Task<IReadOnlyList<ReferencePrompt>>> score = await (next ?? Begin(b)).ConfigureAwait(false);
            next = null;
            Task<IReadOnlyList<ReferencePrompt>> judged = score();
            try
            {
                if (!judged.IsCompleted && b + 1 < batches.Length)
                    next = Begin(b + 1);
                Kept(batches[b], await judged.ConfigureAwait(false));
            }
            catch
            {
                await Task.WhenAll(Ended(judged), Ended(next)).ConfigureAwait(false); // nothing of this call runs on after it has failed
                throw;
            }
        }

        if (store is null)
        {
            RequireRewards([.. _drawn.Values]);
            return new ReferenceTable(_prompts.Select(prompt => _drawn[prompt]), _provenance);
        }

        store.Close(); // before anything reads it: so that it is one file, without a log
        var table = ReferenceTable.OfStore(store.Path, _prompts, _options.FirstSample, _options.SamplesPerPrompt);
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

        Task<Func<Task<IReadOnlyList<ReferencePrompt>>>> Begin(int b)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return _draw(batches[b].Batch, batches[b].Count, new DrawSeed(_options.Seed, DrawPurpose.Reference, batches[b].First), cancellationToken);
        }

        static async Task Ended(Task? task)
        {
            if (task is null)
                return;
            await Task.WhenAny(task).ConfigureAwait(false);
            _ = task.Exception; // what it failed with is not what the call fails with
        }

        void Kept((Prompt[] Batch, int First, int Count) batch, IReadOnlyList<ReferencePrompt> entries)
        {
            Keep(store, entries, batch.First);
            foreach (Prompt prompt in batch.Batch)
                open[prompt]--;
            done += (long)batch.Batch.Length * batch.Count;
            excluded += entries.Sum(entry => (long)entry.Excluded);
            Report();
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
        });
    }

    private IEnumerable<(Prompt Prompt, int First, int Count)> Missing(ReferenceStore? store, Prompt prompt) => store is null
        ? [(prompt, _options.FirstSample, _options.SamplesPerPrompt)]
        : store.Missing(prompt, _options.FirstSample, _options.SamplesPerPrompt).Select(range => (prompt, range.First, range.Count));

    private static IReadOnlyList<ReferencePrompt> Entries(ScoredBatch scored, Prompt[] batch, int count)
    {
        scored.RequireAsked(batch, count);
        return [.. batch.Select((prompt, p) => new ReferencePrompt(
            prompt, scored.Drawn.Skip(p * count).Take(count), ReferenceComponents.At(scored.DrawnComponents, [.. Enumerable.Range(p * count, count)])))];
    }

    private void RequireRewards(IReadOnlyCollection<ReferencePrompt> prompts)
    {
        if (PromptsWithoutReward.Among(prompts) is string empty)
            throw new RewardModelException($"{empty}{(_options.Store is null ? "" : $" All that was drawn is kept in {_options.Store}.")} See why the reward model fails for them, or whether all are truncated; draw more samples (SamplesPerPrompt), or leave these prompts out.");
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
