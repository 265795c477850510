using System.Diagnostics;
using System.Runtime.CompilerServices;
using VariationalBoN.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Draws some samples of each prompt, the first of them by the seed, and gives them part by part.</summary>
internal delegate IAsyncEnumerable<ReferencePart> ReferenceDraw(Prompt[] prompts, int count, DrawSeed seed, CancellationToken cancellationToken);

/// <summary>Samples of some prompts that were drawn.</summary>
/// <param name="First">Index of the first sample of each, as in a store.</param>
/// <param name="ScoreAsync">Scores them: an entry for each prompt, in order.</param>
internal readonly record struct ReferencePart(int First, Func<Task<IReadOnlyList<ReferencePrompt>>> ScoreAsync);

/// <summary>Draws and scores reference samples part by part, into memory or into a store. One estimation; not thread-safe.</summary>
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
        var watch = new TruncationWatch((long)prompts.Count * options.SamplesPerPrompt, options.Logger);
        var local = source as PolicyCompletionSource;
        return new(origin, local is not null ? DrawThenScoreAsync : DrawScoredAsync, prompts, options);

        async IAsyncEnumerable<ReferencePart> DrawThenScoreAsync(
            Prompt[] batch, int count, DrawSeed seed, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var parts = local!.DrawPartsAsync(batch, count, seed, keepOfFailed: options.Store is not null, cancellationToken);
            await foreach ((DrawnPart part, double[] logReference) in parts.ConfigureAwait(false))
            {
                watch.Observe(part.Completions);
                yield return new ReferencePart(seed.FirstSample + part.FirstSample, async () => Entries(
                    await local.ScoreAsync(part, logReference, cancellationToken).ConfigureAwait(false), batch[part.FirstPrompt..(part.FirstPrompt + part.Prompts)], part.Samples));
            }
        }

        async IAsyncEnumerable<ReferencePart> DrawScoredAsync(
            Prompt[] batch, int count, DrawSeed seed, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            int given = 0; // prompts
            await foreach (ScoredBatch scored in source.DrawEachAsync(batch, count, seed, cancellationToken).ConfigureAwait(false))
            {
                (int whole, int rest) = Math.DivRem(scored.Drawn.Length, count);
                Prompt[] part = batch[given..(rest == 0 ? Math.Min(given + whole, batch.Length) : batch.Length)];
                IReadOnlyList<ReferencePrompt> entries = Entries(scored, part, count); // refuses other completions than asked for
                watch.Observe(scored.Drawn.Select(sample => sample.Completion));
                given += part.Length;
                yield return new ReferencePart(seed.FirstSample, () => Task.FromResult(entries));
            }

            if (given < batch.Length)
                throw new InvalidOperationException($"The source was asked for {count} completions of each of {batch.Length} prompts and ended after {given} of them; it must give them all, those without a reward included.");
        }
    }

    /// <summary>Draws what is missing; only when all is drawn are prompts without a reward an error.</summary>
    public async Task<ReferenceTable> RunAsync(CancellationToken cancellationToken)
    {
        using ReferenceStore? store = _options.Store is null ? null : ReferenceStore.Open(_options.Store, _provenance, _options.Storage);
        (Prompt Prompt, int First, int Count)[] missing = [.. _prompts.SelectMany(prompt => Missing(store, prompt))];
        var open = missing.GroupBy(part => part.Prompt).ToDictionary(parts => parts.Key, parts => parts.Sum(part => part.Count)); // samples
        long samples = (long)_prompts.Length * _options.SamplesPerPrompt, found = samples - missing.Sum(part => (long)part.Count), done = found, excluded = 0;
        if (store is not null)
            Report();

        // By range, since one draw is of one range; cut where a run that has everything to draw is cut, so that what is there already moves no other
        // prompt into another batch. What comes next is drawn while the judge is awaited for the part before: never two draws or two judgements at once.
        Dictionary<Prompt, int> number = _prompts.Index().ToDictionary(prompt => prompt.Item, prompt => prompt.Index / _options.PromptsPerBatch);
        (Prompt[] Batch, int First, int Count)[] batches = [.. missing.GroupBy(part => (part.First, part.Count)).OrderBy(range => range.Key.First).ThenBy(range => range.Key.Count)
            .SelectMany(range => range.GroupBy(part => number[part.Prompt], part => part.Prompt).Select(batch => (batch.ToArray(), range.Key.First, range.Key.Count)))];
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await using IAsyncEnumerator<ReferencePart> parts = PartsAsync(batches, stop.Token, cancellationToken).GetAsyncEnumerator(CancellationToken.None);
            Task<bool> next = parts.MoveNextAsync().AsTask();
            while (await next.ConfigureAwait(false))
            {
                int first = parts.Current.First;
                Task<IReadOnlyList<ReferencePrompt>> judged = parts.Current.ScoreAsync();
                Task<bool>? begun = null;
                try
                {
                    if (!judged.IsCompleted)
                        begun = parts.MoveNextAsync().AsTask();
                    Kept(await judged.ConfigureAwait(false), first);
                }
                catch
                {
                    await stop.CancelAsync().ConfigureAwait(false);
                    await Task.WhenAll(Ended(judged), Ended(begun)).ConfigureAwait(false); // nothing of this call runs on after it has failed
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

        static async Task Ended(Task? task)
        {
            if (task is null)
                return;
            await Task.WhenAny(task).ConfigureAwait(false);
            _ = task.Exception; // what it failed with is not what the call fails with
        }

        void Kept(IReadOnlyList<ReferencePrompt> entries, int first)
        {
            Keep(store, entries, first);
            foreach (ReferencePrompt entry in entries)
                open[entry.Prompt] -= entry.Drawn;
            done += entries.Sum(entry => (long)entry.Drawn);
            excluded += entries.Sum(entry => (long)entry.Excluded);
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

    private async IAsyncEnumerable<ReferencePart> PartsAsync(
        (Prompt[] Batch, int First, int Count)[] batches, CancellationToken stop, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach ((Prompt[] batch, int first, int count) in batches)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await foreach (ReferencePart part in _draw(batch, count, new DrawSeed(_options.Seed, DrawPurpose.Reference, first), stop).ConfigureAwait(false))
                yield return part;
        }
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
