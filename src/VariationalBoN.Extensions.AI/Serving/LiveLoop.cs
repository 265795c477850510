using VariationalBoN.Policies;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>All requests in one decode, a token a step. Requests whose askers went away leave with the next step.</summary>
internal sealed class LiveLoop(CausalLmPolicy policy) : IDrawingLoop
{
    private readonly LiveDecoding _decoding = policy.StartLiveDecoding();
    private readonly Dictionary<ServedRequest, LiveRequest> _requests = [];

    public int Count => _requests.Count;

    public int Capacity => _decoding.MaxRunning;

    public int Free => Capacity - Count;

    public void Add(ServedRequest served)
    {
        var request = new LiveRequest
        {
            Policy = served.Policy!,
            Prompt = served.Prompt!,
            Seed = served.Seed,
            Parent = served.Parent,
            OnToken = (token, finish) =>
            {
                if (finish is not null)
                    _requests.Remove(served);
                served.Write(new Drawn(token, finish));
            },
            OnFailed = why =>
            {
                _requests.Remove(served);
                served.Fail(why);
            },
        };
        _decoding.Add(request);
        _requests.Add(served, request);
    }

    public void Step()
    {
        foreach (ServedRequest gone in _requests.Keys.Where(served => served.IsGone).ToArray())
        {
            _decoding.Remove(_requests[gone], gone.HasAll);
            _requests.Remove(gone);
        }

        _decoding.Step();
    }

    public void Dispose() => _decoding.Dispose();
}
