using System.Diagnostics;
using System.Runtime.CompilerServices;
using VariationalBoN.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Draws some samples of each prompt, the first of them by the seed, and gives them part by part.</summary>
internal delegate IAsyncEnumerable<ReferencePart> ReferenceDraw(
    Prompt[] prompts,
    int count,
    DrawSeed seed,
    CancellationToken cancellationToken
);

/// <summary>Samples of some prompts that were drawn.</summary>
/// <param name="Prompts">The prompts.</param>
/// <param name="First">Index of the first sample of each, as in a store.</param>
/// <param name="Samples">How many of each.</param>
/// <param name="ScoreAsync">Scores them: an entry for each prompt, in order.</param>
internal readonly record struct ReferencePart(
    Prompt[] Prompts,
    int First,
    int Samples,
    Func<Task<IReadOnlyList<ReferencePrompt>>> ScoreAsync
);

/// <summary>Draws and scores reference samples part by part, into memory or into a store. One estimation; not thread-safe.</summary>
internal sealed class ReferenceEstimation
{
    private readonly ReferenceProvenance _provenance;
    private readonly ReferenceDraw _draw;
    private readonly Prompt[] _prompts;
    private readonly ReferenceTableOptions _options;
    private readonly Dictionary<Prompt, List<(int First, PromptSamples Samples)>> _drawn = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>An estimation of options that were validated.</summary>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    public ReferenceEstimation(
        ScoringIdentity origin,
        ReferenceDraw draw,
        IReadOnlyList<Prompt> prompts,
        ReferenceTableOptions options,
        ModelIdentity? execution = null
    )
    {
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to estimate reference rewards for; give at least one.", nameof(prompts));
        (_provenance, _draw) = (new(origin, options.Seed) { Execution = execution }, draw);
        (_prompts, _options) = ([.. prompts.Distinct()], options);
    }

    /// <summary>One whose samples a source draws and scores.</summary>
    /// <exception cref="ArgumentException">There is no prompt, or the source draws from another policy than the reference.</exception>
    public static ReferenceEstimation Of(ICompletionSource source, IReadOnlyList<Prompt> prompts, ReferenceTableOptions options)
    {
        ScoringIdentity origin = source.Origin;
        string[] differences = [.. source.Policy.Differences(origin.Reference)];
        if (differences.Length > 0)
            throw new ArgumentException(
                $"The source draws from another policy than the reference whose log-probabilities it gives: "
                    + $"{string.Join("; ", differences)}. Draw reference samples from the reference.",
                nameof(source)
            );
        var watch = new TruncationWatch((long)prompts.Count * options.SamplesPerPrompt, options.Logger);
        var local = source as PolicyCompletionSource;
        // a part of a block is never kept without its neighbours: it would be judged beside others
        bool isWhole = options.SamplesPerBlock is not null;
        return new(origin, local is not null ? DrawThenScoreAsync : DrawScoredAsync, prompts, options, isWhole ? source.Execution : null);

        async IAsyncEnumerable<ReferencePart> DrawThenScoreAsync(
            Prompt[] batch,
            int count,
            DrawSeed seed,
            [EnumeratorCancellation] CancellationToken cancellationToken
        )
        {
            var parts = local!.DrawPartsAsync(batch, count, seed, keepOfFailed: options.Store is not null && !isWhole, cancellationToken);
            await foreach ((DrawnPart part, double[] logReference) in parts.ConfigureAwait(false))
            {
                watch.Observe(part.Completions);
                Prompt[] of = batch[part.FirstPrompt..(part.FirstPrompt + part.Prompts)];
                yield return new ReferencePart(
                    of,
                    seed.FirstSample + part.FirstSample,
                    part.Samples,
                    async () =>
                        Entries(await local.ScoreAsync(part, logReference, cancellationToken).ConfigureAwait(false), of, part.Samples)
                );
            }
        }

        async IAsyncEnumerable<ReferencePart> DrawScoredAsync(
            Prompt[] batch,
            int count,
            DrawSeed seed,
            [EnumeratorCancellation] CancellationToken cancellationToken
        )
        {
            int given = 0; // prompts
            await foreach (ScoredBatch scored in source.DrawEachAsync(batch, count, seed, cancellationToken).ConfigureAwait(false))
            {
                (int whole, int rest) = Math.DivRem(scored.Drawn.Length, count);
                Prompt[] part = batch[given..(rest == 0 ? Math.Min(given + whole, batch.Length) : batch.Length)];
                IReadOnlyList<ReferencePrompt> entries = Entries(scored, part, count); // refuses other completions than asked for
                watch.Observe(scored.Drawn.Select(sample => sample.Completion));
                given += part.Length;
                yield return new ReferencePart(part, seed.FirstSample, count, () => Task.FromResult(entries));
            }

            if (given < batch.Length)
                throw new InvalidOperationException(
                    $"The source was asked for {count} completions of each of {batch.Length} prompts and ended after {given} of them; it "
                        + $"must give them all, those without a reward included."
                );
        }
    }

    /// <summary>Draws what is missing, in whole blocks where bits are promised; only when all is drawn are prompts without a reward an
    /// error.</summary>
    public async Task<ReferenceTable> RunAsync(CancellationToken cancellationToken)
    {
        using ReferenceStore? store = _options.Store is null
            ? null
            : ReferenceStore.OpenOfAnyExecution(_options.Store, _provenance, _options.Storage);
        var cut = DrawBlock
            .Cut(_prompts, _options)
            .Select(block => (Block: block, Missing: Missing(store, block)))
            .Where(part => part.Missing.Length > 0)
            .ToArray();
        var open = cut.SelectMany(part => part.Missing)
            .GroupBy(part => part.Prompt)
            .ToDictionary(parts => parts.Key, parts => parts.Sum(part => part.Count)); // samples
        long samples = (long)_prompts.Length * _options.SamplesPerPrompt,
            found = samples - open.Values.Sum(count => (long)count),
            done = found,
            excluded = 0;
        if (open.Count > 0)
            store?.RequireExecution(_options.Storage.Promised(_provenance)); // of what is there already, any table may be made anywhere
        if (store is not null)
            Report();

        // What comes next is drawn while the judge is awaited for the part before: with one batch at once, never two draws, and never two
        // judgements.
        (Prompt[] Batch, int First, int Count)[] batches =
        [
            .. cut.SelectMany(part => Batches(part.Block, part.Missing)).OrderBy(batch => batch.First).ThenBy(batch => batch.Count),
        ];
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await using IAsyncEnumerator<ReferencePart> parts = PartsAsync(batches, stop.Token, cancellationToken)
                .GetAsyncEnumerator(CancellationToken.None);
            Task<bool> next = parts.MoveNextAsync().AsTask();
            while (await next.ConfigureAwait(false))
            {
                ReferencePart part = parts.Current;
                if (store is not null && part.Prompts.All(prompt => store.Missing(prompt, part.First, part.Samples).Count == 0))
                {
                    next = parts.MoveNextAsync().AsTask(); // of a block that is drawn again for its neighbours' sake
                    continue;
                }

                Task<IReadOnlyList<ReferencePrompt>> judged = part.ScoreAsync();
                Task<bool>? begun = null;
                try
                {
                    if (!judged.IsCompleted)
                        begun = parts.MoveNextAsync().AsTask();
                    Kept(await judged.ConfigureAwait(false), part.First);
                }
                catch
                {
                    await stop.CancelAsync().ConfigureAwait(false);
                    // nothing of this call runs on after it has failed
                    await Task.WhenAll(Ended(judged), Ended(begun)).ConfigureAwait(false);
                    throw;
                }

                next = begun ?? parts.MoveNextAsync().AsTask();
            }
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested && e.CancellationToken != cancellationToken)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken); // with the caller's token, not that of drawing
        }

        if (store is null)
        {
            ReferencePrompt[] all =
            [
                .. _prompts.Select(prompt => new ReferencePrompt(
                    prompt,
                    PromptSamples.Joined([.. _drawn[prompt].OrderBy(part => part.First).Select(part => part.Samples)]).From(0)
                )),
            ];
            RequireRewards(all);
            return new ReferenceTable(all, _provenance);
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

        static async Task Ended(Task? task)
        {
            if (task is null)
                return;
            await Task.WhenAny(task).ConfigureAwait(false);
            _ = task.Exception; // what it failed with is not what the call fails with
        }

        void Kept(IReadOnlyList<ReferencePrompt> entries, int first)
        {
            foreach (var range in Fresh(store, entries, first).GroupBy(part => part.First, part => part.Entry))
            {
                ReferencePrompt[] fresh = [.. range];
                Keep(store, fresh, range.Key);
                foreach (ReferencePrompt entry in fresh)
                    open[entry.Prompt] -= entry.Drawn;
                done += fresh.Sum(entry => (long)entry.Drawn);
                excluded += fresh.Sum(entry => (long)entry.Excluded);
            }

            Report();
        }

        void Report()
        {
            var progress = new ReferenceTableProgress
            {
                Prompts = _prompts.Length,
                PromptsDone = _prompts.Length - open.Count(prompt => prompt.Value > 0),
                Samples = samples,
                SamplesDone = done,
                SamplesFound = found,
                Excluded = excluded,
                Elapsed = _clock.Elapsed,
            };
            _options.Progress?.Report(progress);
            _options.Logger?.ReferenceProgress(progress);
        }
    }

    private IAsyncEnumerable<ReferencePart> PartsAsync(
        (Prompt[] Batch, int First, int Count)[] batches,
        CancellationToken stop,
        CancellationToken cancellationToken
    ) =>
        ParallelParts.Of(
            batches,
            batch => _draw(batch.Batch, batch.Count, new DrawSeed(_options.Seed, DrawPurpose.Reference, batch.First), stop),
            _options.BatchesAtOnce,
            stop,
            cancellationToken
        );

    /// <summary>What of a block is not there yet.</summary>
    private static (Prompt Prompt, int First, int Count)[] Missing(ReferenceStore? store, DrawBlock block) =>
        store is null
            ? [.. block.Prompts.Select(prompt => (prompt, block.FirstSample, block.Samples))]
            :
            [
                .. block.Prompts.SelectMany(prompt =>
                    store.Missing(prompt, block.FirstSample, block.Samples).Select(range => (prompt, range.First, range.Count))
                ),
            ];

    /// <summary>
    /// What is drawn of a block: all of it where bits are promised, and by range otherwise, since one draw is of one range. Either way what
    /// is there already moves no prompt of another block into another batch.
    /// </summary>
    private IEnumerable<(Prompt[] Batch, int First, int Count)> Batches(DrawBlock block, (Prompt Prompt, int First, int Count)[] missing) =>
        _options.SamplesPerBlock is not null
            ? [([.. block.Prompts], block.FirstSample, block.Samples)]
            : missing
                .GroupBy(part => (part.First, part.Count), part => part.Prompt)
                .Select(range => (range.ToArray(), range.Key.First, range.Key.Count));

    /// <summary>Of samples that were scored those that the store does not have.</summary>
    private static IEnumerable<(int First, ReferencePrompt Entry)> Fresh(
        ReferenceStore? store,
        IReadOnlyList<ReferencePrompt> entries,
        int first
    ) =>
        store is null
            ? entries.Select(entry => (first, entry))
            : entries.SelectMany(entry =>
                store
                    .Missing(entry.Prompt, first, entry.Drawn)
                    .Select(range =>
                        (
                            range.First,
                            range.Count == entry.Drawn
                                ? entry
                                : new ReferencePrompt(
                                    entry.Prompt,
                                    entry.All.Within(range.First - first, range.First - first + range.Count).From(0)
                                )
                        )
                    )
            );

    private static IReadOnlyList<ReferencePrompt> Entries(ScoredBatch scored, Prompt[] batch, int count)
    {
        scored.RequireAsked(batch, count);
        return
        [
            .. batch.Select(
                (prompt, p) =>
                    new ReferencePrompt(
                        prompt,
                        scored.Drawn.Skip(p * count).Take(count),
                        ReferenceComponents.At(scored.DrawnComponents, [.. Enumerable.Range(p * count, count)])
                    )
            ),
        ];
    }

    private void RequireRewards(IReadOnlyCollection<ReferencePrompt> prompts)
    {
        if (PromptsWithoutReward.Among(prompts) is string empty)
            throw new RewardModelException(
                $"{empty}{(_options.Store is null ? "" : $" All that was drawn is kept in {_options.Store}.")} See why the reward model "
                    + $"fails for them, or whether all are truncated; draw more samples (SamplesPerPrompt), or leave these prompts out."
            );
    }

    private void Keep(ReferenceStore? store, IReadOnlyList<ReferencePrompt> entries, int first)
    {
        if (store is not null)
        {
            store.Append(entries, first);
            return;
        }

        foreach (ReferencePrompt entry in entries)
        {
            if (!_drawn.TryGetValue(entry.Prompt, out var parts))
                _drawn[entry.Prompt] = parts = [];
            parts.Add((first, entry.All));
        }
    }
}
