namespace VariationalBoN.Policies;

/// <summary>The requests that wait to join a decode, first come, first served. Not thread-safe.</summary>
/// <param name="policy">The policy of the decode.</param>
internal sealed class LiveQueue(CausalLmPolicy policy)
{
    private const int PromptTokensPerStep = 512; // padded: how long running requests wait for those that join

    private readonly List<LiveRow> _rows = [];

    internal IReadOnlyList<LiveRow> Rows => _rows;

    internal int Count => _rows.Count;

    /// <summary>Lets a request wait that the decode can draw.</summary>
    /// <exception cref="ArgumentException">It cannot: <see cref="LiveDecoding.Add"/>.</exception>
    internal void Add(LiveRequest request)
    {
        int most = policy.Options.MaxNewTokens,
            asked = request.Policy.Options.MaxNewTokens;
        if (request.Policy.Model != policy.Model)
        {
            throw new ArgumentException(
                "The policy of the request is of another model than the decode: make it with With of "
                    + "the policy that the decode was started from.",
                nameof(request)
            );
        }

        if (asked > most)
        {
            throw new ArgumentException(
                $"The policy of the request draws up to {asked} tokens and the decode has room for {most}: lower "
                    + "MaxNewTokens, or start the decode from a policy with more.",
                nameof(request)
            );
        }

        if (request.Prompt.ContextLeft < asked)
        {
            throw new ArgumentException(
                $"The prompt leaves {request.Prompt.ContextLeft} tokens of the context, and {asked} may be drawn: "
                    + "let the policy of the request read it (TryEncode), and lower MaxNewTokens.",
                nameof(request)
            );
        }

        PromptEncoder.RequireIds(request.Prompt.Tokens, policy.VocabularySize, "Prompt", 0, nameof(request));
        _rows.Add(new LiveRow(policy.Model, request));
    }

    internal void DropDone() => _rows.RemoveAll(row => row.IsDone);

    internal void Clear() => _rows.Clear();

    /// <summary>The first waiting requests for which there are places, whose prompts are read in one pass.</summary>
    internal List<LiveRow> Take(int free)
    {
        var places = new HashSet<LivePlace>();
        int longest = 0,
            most = 0,
            count = 0;
        for (; count < _rows.Count && count < free; count++)
        {
            int length = Math.Max(longest, _rows[count].Request.Prompt.Tokens.Length);
            int additional = Math.Max(most, _rows[count].MostAppended);
            if (count > 0 && length + additional > policy.ContextLength)
                break; // the room of the longest prompt and the tokens of another request are more than the context
            var place = LivePlace.Of(_rows[count]);
            if (places.Count > 0 && !places.Contains(place) && (places.Count + 1L) * length > PromptTokensPerStep)
                break;
            places.Add(place);
            (longest, most) = (length, additional);
        }

        List<LiveRow> joining = _rows.GetRange(0, count);
        _rows.RemoveRange(0, count);
        return joining;
    }
}
