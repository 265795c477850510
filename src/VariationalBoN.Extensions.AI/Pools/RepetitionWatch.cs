namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Notices a server that gives one answer to a prompt whatever the seed. Thread-safe.</summary>
internal sealed class RepetitionWatch
{
    /// <summary>Draws as unlikely as exp(-20), 2e-9, are none.</summary>
    private const double MostSurprise = 20;

    private readonly Dictionary<(PoolServer Server, Prompt Prompt), Seen> _seen = [];

    /// <summary>Takes a completion in.</summary>
    /// <returns>Whether its server has given it so often, and nothing else, that draws would not have: every further one of probability p
    /// adds -log p.</returns>
    public bool Repeats(ServedCompletion drawn)
    {
        var key = (drawn.Server, drawn.Completion.Prompt);
        lock (_seen)
        {
            if (!_seen.TryGetValue(key, out Seen? seen))
                _seen[key] = new Seen(drawn.Completion.Tokens.ToArray());
            else if (seen.Tokens is not null && drawn.Completion.Tokens.AsSpan().SequenceEqual(seen.Tokens))
                return (seen.Surprise -= drawn.LogProbs.Sum()) > MostSurprise;
            else
                seen.Tokens = null; // it gives others
            return false;
        }
    }

    private sealed class Seen(int[] tokens)
    {
        public int[]? Tokens { get; set; } = tokens;

        public double Surprise { get; set; }
    }
}
