namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>
/// Any policy, a call at a time: what waits and has one seed is drawn together.
/// Requests without a seed of their own share one that is made for the call.
/// </summary>
internal sealed class BatchLoop(IPolicy policy, int maxBatchSize) : IDrawingLoop
{
    private readonly List<ServedRequest> _waiting = [];

    public int Count => _waiting.Count;

    public int Capacity => maxBatchSize;

    public int Free => Capacity - Count;

    public void Add(ServedRequest served) => _waiting.Add(served);

    public void Step()
    {
        _waiting.RemoveAll(served => served.IsGone);
        if (_waiting.Count == 0)
            return;
        List<ServedRequest> batch = Together();
        Draw(batch);
        _waiting.RemoveAll(batch.Contains);
    }

    public void Dispose() => _waiting.Clear();

    /// <summary>
    /// The first that waits and those that one call can draw beside it: of the same seed, sample numbers of each prompt following each
    /// other from that of the first, as <see cref="IPolicy.Sample"/> numbers a prompt that stands twice.
    /// </summary>
    private List<ServedRequest> Together()
    {
        CompletionRequest first = _waiting[0].Request;
        int begin = first.Seed is null ? 0 : first.Sample; // without a seed a number says nothing
        var seed = new DrawSeed(first.Seed ?? Random.Shared.NextInt64(), DrawPurpose.Serving, begin);
        var batch = new List<ServedRequest>();
        var drawn = new Dictionary<Prompt, int>();
        foreach (ServedRequest served in _waiting)
        {
            CompletionRequest request = served.Request;
            int before = drawn.GetValueOrDefault(request.Prompt);
            if (request.Seed != first.Seed || (request.Seed is not null && request.Sample - begin != before))
                continue;
            served.Seed = seed with { FirstSample = begin + before };
            drawn[request.Prompt] = before + 1;
            batch.Add(served);
        }

        return batch;
    }

    private void Draw(List<ServedRequest> batch)
    {
        if (TryDraw(batch) is not Exception fault)
            return;
        if (batch.Count > 1)
            DrawAlone(batch); // so that what is wrong with one is not the others' fault
        else
            batch[0].Fail(fault);
    }

    /// <summary>One after another. Where two prompts fail in the same words, or a prompt again, the fault is not of a single request: those
    /// that are left are told at once, and the policy is not asked for each.</summary>
    private void DrawAlone(List<ServedRequest> batch)
    {
        var failed = new Dictionary<Prompt, Exception>();
        foreach (ServedRequest left in batch.Where(served => !served.IsGone))
        {
            Exception? known =
                failed.GetValueOrDefault(left.Request.Prompt)
                ?? failed.Values.GroupBy(why => (why.GetType(), why.Message)).FirstOrDefault(alike => alike.Count() > 1)?.First();
            if ((known ?? TryDraw([left])) is not Exception why)
                continue;
            failed.TryAdd(left.Request.Prompt, why);
            left.Fail(why);
        }
    }

    /// <returns>Why not all were drawn for whom somebody waits; null where they were.</returns>
    private Exception? TryDraw(List<ServedRequest> batch)
    {
        var stop = new CancellationTokenSource(); // never disposed of, since an asker may go away at any time; it holds nothing
        foreach (ServedRequest served in batch)
            served.WhenGone(() =>
            {
                if (batch.TrueForAll(other => other.IsGone))
                    stop.Cancel();
            });
        try
        {
            policy.SampleEach(
                [.. batch.Select(served => served.Request.Prompt)],
                1,
                batch[0].Seed,
                (place, completion) => batch[place].Write(new Drawn(0, completion.FinishReason, completion)),
                stop.Token
            );
            int left = batch.Count(served => !served.IsGone);
            return left == 0
                ? null
                : new InvalidOperationException(
                    $"{policy.GetType().Name} was asked for {batch.Count} completions and handed on {batch.Count - left}; its SampleEach "
                        + $"must "
                        + "call onFinished once for each."
                );
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null; // all askers went away
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
