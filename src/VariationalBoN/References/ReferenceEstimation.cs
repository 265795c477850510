namespace VariationalBoN.References;

/// <summary>Draws and scores reference samples part by part, into memory or into a store. One estimation; not thread-safe.</summary>
internal sealed class ReferenceEstimation
{
    private readonly ReferenceProvenance _provenance;
    private readonly ReferenceDraw _draw;
    private readonly Prompt[] _prompts;
    private readonly ReferenceTableOptions _options;

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
        // a part of a block is never kept without its neighbours: it would be judged beside others
        bool isWhole = options.SamplesPerBlock is not null;
        var watch = new TruncationWatch((long)prompts.Count * options.SamplesPerPrompt, options.Logger);
        var draws = new SourceDraws(source, watch, keepOfFailed: options.Store is not null && !isWhole);
        return new(origin, draws.Draw, prompts, options, isWhole ? source.Execution : null);
    }

    /// <summary>Draws what is missing, in whole blocks where bits are promised;
    /// only when all is drawn are prompts without a reward an error.</summary>
    public async Task<ReferenceTable> RunAsync(CancellationToken cancellationToken)
    {
        using ReferenceStore? store = _options.Store is null
            ? null
            : ReferenceStore.OpenOfAnyExecution(_options.Store, _provenance, _options.Storage);
        var plan = DrawPlan.Of(_prompts, _options, store);
        var samples = new EstimatedSamples(_prompts, _options, store, plan.Missing);
        if (plan.Missing.Count > 0)
            store?.RequireExecution(_provenance); // of what is there already, any table may be made anywhere
        if (store is not null)
            samples.Report();
        try
        {
            await DrawAsync(plan, samples, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested && e.CancellationToken != cancellationToken)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken); // with the caller's token, not that of drawing
        }

        return samples.ToTable(_provenance);
    }

    /// <summary>
    /// What comes next is drawn while the judge is awaited for the part before:
    /// with one batch at once, never two draws, and never two judgements.
    /// </summary>
    private async Task DrawAsync(DrawPlan plan, EstimatedSamples samples, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using IAsyncEnumerator<ReferencePart> parts = PartsAsync(plan, stop.Token, cancellationToken)
            .GetAsyncEnumerator(CancellationToken.None);
        Task<bool> next = parts.MoveNextAsync().AsTask();
        while (await next.ConfigureAwait(false))
        {
            ReferencePart part = parts.Current;
            if (samples.Has(part))
            {
                next = parts.MoveNextAsync().AsTask();
                continue;
            }

            Task<IReadOnlyList<ReferencePrompt>> judged = part.ScoreAsync();
            Task<bool>? begun = null;
            try
            {
                if (!judged.IsCompleted)
                    begun = parts.MoveNextAsync().AsTask();
                samples.Add(await judged.ConfigureAwait(false), part.First);
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

        static async Task Ended(Task? task)
        {
            if (task is null)
                return;
            await Task.WhenAny(task).ConfigureAwait(false);
            _ = task.Exception; // what it failed with is not what the call fails with
        }
    }

    private IAsyncEnumerable<ReferencePart> PartsAsync(DrawPlan plan, CancellationToken stop, CancellationToken cancellationToken) =>
        ParallelParts.Of(
            plan.Batches,
            batch => _draw(batch.Prompts, batch.Count, new DrawSeed(_options.Seed, DrawPurpose.Reference, batch.First), stop),
            _options.BatchesAtOnce,
            stop,
            cancellationToken
        );
}
