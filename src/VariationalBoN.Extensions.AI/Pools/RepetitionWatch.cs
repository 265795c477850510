using System.Collections.Immutable;
using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Notices a server that gives one answer to a prompt whatever the seed. Thread-safe.</summary>
internal sealed class RepetitionWatch
{
    /// <summary>Draws as unlikely as exp(-20), 2e-9, are none.</summary>
    private const double MostSurprise = 20;

    private readonly Dictionary<(PoolServer Server, Prompt Prompt), Seen?> _seen = [];

    /// <summary>Takes a completion in.</summary>
    /// <param name="drawn">The completion.</param>
    /// <param name="logProb">Its log-probability as the model draws, or a higher one.</param>
    /// <returns>Whether its server has given it by so many seeds, and nothing else, that draws would not have:
    /// every further one of probability p adds -log p.</returns>
    public bool Repeats(ServedCompletion drawn, double logProb)
    {
        var key = (drawn.Server, drawn.Completion.Prompt);
        lock (_seen)
        {
            if (!_seen.TryGetValue(key, out Seen? seen))
                _seen[key] = new Seen(drawn.Completion.Tokens, [drawn.Seed]);
            else if (seen is not null && !drawn.Completion.Tokens.AsSpan().SequenceEqual(seen.Tokens.AsSpan()))
                _seen[key] = null; // it gives others
            else if (seen is not null && seen.Seeds.Add(drawn.Seed)) // by the same seed the same answer is right
                return (seen.Surprise -= logProb) > MostSurprise;
            return false;
        }
    }

    /// <summary>The server of a completion repeats it.</summary>
    public static RemoteServiceException Fault(ServedCompletion drawn) =>
        new(
            RemoteFailure.BadAnswer,
            $"{drawn.Server.Address} gives the same answer to the prompt \"{ChatModel.Shorten(drawn.Completion.Prompt.Canonical)}\" "
                + $"for every seed, \"{ChatModel.Shorten(drawn.Completion.Text)}\", so it does not sample: it takes the likeliest token "
                + "(temperature 0), or answers from a cache. Start it so that it uses temperature and seed."
        );

    private sealed record Seen(ImmutableArray<int> Tokens, HashSet<long> Seeds)
    {
        public double Surprise { get; set; }
    }
}
