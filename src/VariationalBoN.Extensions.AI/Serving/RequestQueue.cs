namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>The requests of a service: those that wait, in order, and all that have not ended. Thread-safe.</summary>
/// <param name="maxWaiting">The most that wait when all places are taken.</param>
/// <param name="capacity">The places of the loop that draws.</param>
internal sealed class RequestQueue(int maxWaiting, int capacity)
{
    private readonly object _gate = new();
    private readonly List<ServedRequest> _waiting = [];
    private readonly HashSet<ServedRequest> _present = [];
    private readonly long[] _ended = new long[Enum.GetValues<Outcome>().Length];
    private long _tokens;
    private bool _isClosed,
        _isStopped;
    private Exception? _fault;

    /// <summary>The most that wait.</summary>
    public int MaxWaiting => maxWaiting;

    /// <summary>The error that ended the thread that draws.</summary>
    public Exception? Fault
    {
        get
        {
            lock (_gate)
                return _fault;
        }
    }

    /// <summary>Whether it takes no more requests.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_gate)
                return _isClosed;
        }
    }

    public CompletionServiceStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return new(
                    _waiting.Count,
                    _present.Count - _waiting.Count,
                    _ended[(int)Outcome.Finished],
                    _ended[(int)Outcome.Cancelled],
                    _ended[(int)Outcome.Failed],
                    Interlocked.Read(ref _tokens)
                );
            }
        }
    }

    /// <summary>Lets requests wait, all or none.</summary>
    /// <exception cref="ServiceBusyException">There is no room for all of them.</exception>
    /// <exception cref="ObjectDisposedException">The service takes no more.</exception>
    /// <exception cref="InvalidOperationException">The service has ended by an error.</exception>
    public void Add(IReadOnlyList<ServedRequest> requests)
    {
        lock (_gate)
        {
            if (_fault is not null)
                throw new InvalidOperationException(
                    $"The completion service has stopped because of an error; make a new one: {_fault.Message}",
                    _fault
                );
            if (_isClosed)
                throw Stopped();
            if (_present.Count + requests.Count > (long)maxWaiting + capacity) // the running ones hold places
            {
                throw new ServiceBusyException(
                    $"{_waiting.Count} requests wait of at most {maxWaiting} "
                        + $"(CompletionServiceOptions.MaxWaiting), and {requests.Count} more "
                        + $"{(requests.Count == 1 ? "has" : "have")} no room: ask again later."
                );
            }

            _waiting.AddRange(requests);
            _present.UnionWith(requests);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Gives a loop what it has places for, and waits while it has nothing.</summary>
    /// <returns>False when nothing is to be drawn any more.</returns>
    public bool Fill(IDrawingLoop loop)
    {
        lock (_gate)
        {
            while (true)
            {
                if (_isStopped)
                    return false;
                int count = Math.Clamp(loop.Free, 0, _waiting.Count);
                _waiting.GetRange(0, count).ForEach(loop.Add);
                _waiting.RemoveRange(0, count);
                if (loop.Count > 0)
                    return true;
                if (_isClosed)
                    return false;
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Takes out a request that has ended, once.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(ServedRequest served, Outcome outcome)
    {
        lock (_gate)
        {
            if (!_present.Remove(served))
                return false;
            _waiting.Remove(served);
            _ended[(int)outcome]++;
            return true;
        }
    }

    public void CountTokens(int count) => Interlocked.Add(ref _tokens, count);

    /// <summary>Takes no more requests.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends all requests, by an error of the thread that draws where there is one.</summary>
    public void Stop(Exception? fault)
    {
        ServedRequest[] left;
        lock (_gate)
        {
            _isClosed = _isStopped = true;
            _fault ??= fault;
            left = [.. _present];
            Monitor.PulseAll(_gate);
        }

        Array.ForEach(left, served => served.Fail(fault ?? Stopped()));
    }

    private static ObjectDisposedException Stopped() => new(nameof(CompletionService), "The completion service has been stopped.");
}
