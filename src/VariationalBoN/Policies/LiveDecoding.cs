using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>
/// A decode that is under way while requests join and leave it (continuous batching): each step gives every running request one more
/// token, in one pass of the model for all of them.
/// </summary>
/// <remarks>
/// A request's token t is drawn with number t of its own random stream, so that a seed gives the completion of
/// <see cref="CausalLmPolicy.Sample"/> whichever other requests run. What stands beside a row may change the last bits of its
/// logits, and now and then a token; the distribution of the completion does not change. Not thread-safe: one thread at a time. The
/// weights must not change while a request runs. Holds the keys and values of running requests, and none while there is no request.
/// </remarks>
public sealed class LiveDecoding : IDisposable
{
    private readonly CausalLmPolicy _policy;
    private readonly LiveDistribution _distribution;
    private readonly DrawnRows _rows;
    private readonly LiveQueue _waiting;
    private bool _isDisposed;

    internal LiveDecoding(CausalLmPolicy policy)
    {
        _policy = policy;
        _distribution = new LiveDistribution(policy.Model, policy.Distribution, policy.Options);
        _rows = new DrawnRows(policy.Model, _distribution);
        _waiting = new LiveQueue(policy);
    }

    /// <summary>The most requests that run at once (<see cref="GenerationOptions.RowsPerBatch"/>).</summary>
    public int MaxRunning => _policy.Options.RowsPerBatch;

    /// <summary>The requests that get a token with each step.</summary>
    public int Running => _rows.All.Count;

    /// <summary>The requests that wait for a place, or for their prompt to be read.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Adds a request; it joins with one of the next steps, first come, first served.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="ArgumentException">Its policy is of another model or draws more tokens than that of the decode,
    /// or its prompt leaves no room for them.</exception>
    /// <exception cref="ObjectDisposedException">The decode is disposed of.</exception>
    public void Add(LiveRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _waiting.Add(request);
    }

    /// <summary>Takes a request out before it has ended; it is told nothing more.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isWhole">Whether what was drawn is all that is wanted, such as the text up to a stop sequence, and counts as a
    /// completion (<see cref="Telemetry"/>).</param>
    /// <returns>Whether it was still there.</returns>
    public bool Remove(LiveRequest request, bool isWhole = false)
    {
        LiveRow? row = _waiting.Rows.Concat(Rows).FirstOrDefault(row => row.Request == request && !row.IsDone);
        row?.Leave(isWhole);
        _waiting.DropDone();
        return row is not null;
    }

    /// <summary>
    /// Reads prompts of waiting requests, up to 512 tokens or else one prompt,
    /// as far as places are free, and draws one more token for each request that runs.
    /// </summary>
    /// <remarks>A pass of the model that fails ends the requests it was for;
    /// each is told (<see cref="LiveRequest.OnFailed"/>), and others go on.</remarks>
    /// <returns>Whether there are requests left.</returns>
    /// <exception cref="ObjectDisposedException">The decode is disposed of.</exception>
    public bool Step()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        using var noGradient = no_grad();
        Together(_rows.DropDone);
        if (_waiting.Take(MaxRunning - Running) is { Count: > 0 } joining)
            Join(joining);
        if (_rows.All.Count > 0)
        {
            _distribution.Rows = [.. Rows.Select(row => row.Request.Policy.Distribution)];
            Together(_rows.Step);
            Together(_rows.DropDone);
        }

        if (_rows.All.Count == 0)
            _rows.Clear(); // so that an idle decode holds no memory, and the next one meets the weights as they are then
        return Running + Waiting > 0;
    }

    /// <summary>Gives back what it holds. Requests that are left are told nothing.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        foreach (LiveRow left in _waiting.Rows.Concat(Rows).Where(row => !row.IsDone))
            left.Leave(isWhole: false);
        _waiting.Clear();
        _rows.Dispose();
        _distribution.Dispose();
    }

    private IEnumerable<LiveRow> Rows => _rows.All.Cast<LiveRow>();

    /// <summary>Does something with the decoding that all running requests share: where it fails, they fail.</summary>
    /// <returns>Why it failed; null where it did not.</returns>
    private Exception? Together(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (Exception e)
        {
            LiveRow[] running = [.. Rows.Where(row => !row.IsDone)];
            _rows.Clear();
            Array.ForEach(running, row => row.Fail(e));
            return e;
        }
    }

    /// <summary>Reads the prompts of some requests, draws their first tokens, and puts those that go on among the running ones.</summary>
    private void Join(List<LiveRow> joining)
    {
        LivePlace[] all = [.. joining.Select(LivePlace.Of)],
            places = [.. all.Distinct()];
        if (Read(places, joining.Max(row => row.MostAppended), out ReadPrompts? read) is Exception fault)
        {
            if (joining.Count == 1)
                joining[0].Fail(fault);
            else
                joining.ForEach(row => Join([row])); // alone, so that what is wrong with one is not the others' fault
            return;
        }

        using (read)
        {
            var entering = new List<(DrawnRow Row, int Place)>();
            for (int i = 0; i < joining.Count; i++)
            {
                int place = Array.IndexOf(places, all[i]);
                joining[i].Draw(read!.Probabilities(place));
                if (!joining[i].IsDone)
                    entering.Add((joining[i], place));
            }

            if (Together(() => _rows.Enter(read!, entering)) is Exception why)
                entering.ForEach(one => ((LiveRow)one.Row).Fail(why));
        }
    }

    /// <returns>Why the prompts cannot be read; null where they were.</returns>
    private Exception? Read(LivePlace[] places, int additionalTokens, out ReadPrompts? read)
    {
        read = null;
        try
        {
            _policy.Model.RequireEvaluationMode();
            _distribution.Rows = [.. places.Select(place => place.Distribution)];
            read = new ReadPrompts(
                _distribution,
                [.. Enumerable.Range(0, places.Length)],
                [.. places.Select(place => (IReadOnlyList<int>)place.Prompt.Tokens)],
                additionalTokens,
                _policy.VocabularySize,
                _rows.Decoding
            );
            return null;
        }
        catch (Exception e)
        {
            return e;
        }
    }
}
