namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>
/// Any policy, a call at a time: what waits and has one seed is drawn together. Requests without a seed of their own share one that is
/// made for the call.
/// </summary>
internal sealed class BatchLoop(IPolicy policy, int maxBatchSize) : IDrawingLoop
{
    private readonly List<ServedRequest> _waiting = [];

    public int Count => _waiting.Count;

    public int Free => maxBatchSize - Count;

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
        var seed = new DrawSeed(first.Seed ?? Random.Shared.NextInt64(), DrawPurpose.Serving, first.Sample);
        var batch = new List<ServedRequest>();
        var drawn = new Dictionary<Prompt, int>();
        foreach (ServedRequest served in _waiting)
        {
            CompletionRequest request = served.Request;
            int before = drawn.GetValueOrDefault(request.Prompt);
            if (request.Seed != first.Seed || (request.Seed is not null && request.Sample != first.Sample + before))
                continue;
            served.Seed = seed with { FirstSample = first.Sample + before };
            drawn[request.Prompt] = before + 1;
            batch.Add(served);
        }

        return batch;
    }

    private void Draw(List<ServedRequest> batch)
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
                [.. batch.Select(served => served.Request.Prompt)], 1, batch[0].Seed,
                (place, completion) => batch[place].Write(new Drawn(0, completion.FinishReason, completion)), stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // all askers went away
        }
        catch (Exception e) when (batch.Count == 1)
        {
            batch[0].Fail(e);
        }
        catch (Exception)
        {
            foreach (ServedRequest left in batch.Where(served => !served.IsGone))
                Draw([left]); // alone, so that what is wrong with one is not the others' fault
        }
    }
}
