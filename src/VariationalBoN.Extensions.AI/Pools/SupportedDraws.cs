using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Draws of servers given that a policy which truncates gives them a probability: others are drawn again, as long as they are few
/// (<see cref="OutsideDraws"/>). As thread-safe as the policy.</summary>
/// <param name="copy">The policy.</param>
/// <param name="asked">Its settings.</param>
/// <param name="options">The name of the model, and the limit.</param>
internal sealed class SupportedDraws(IPolicy copy, GenerationOptions asked, PoolSamplerOptions options)
{
    /// <summary>Of one completion. With a share of at most a half outside, independent draws are all outside with probability 2^-64: beyond
    /// that the server does not heed seeds.</summary>
    private const int MostDraws = 64;

    private readonly Dictionary<PoolServer, OutsideDraws> _outside = []; // also the lock

    /// <summary>The completions, those outside the support of the policy drawn again.</summary>
    /// <param name="requests">What was asked for.</param>
    /// <param name="drawn">What came.</param>
    /// <param name="drawAsync">Asks for one.</param>
    /// <exception cref="RemoteServiceException">Too many of a server are outside, or one stays outside;
    /// the message names the server.</exception>
    public async Task<Completion[]> WithinAsync(
        IReadOnlyList<EncodedRequest> requests,
        IReadOnlyList<ServedCompletion> drawn,
        Func<EncodedRequest, Task<ServedCompletion>> drawAsync
    )
    {
        ServedCompletion[] kept = [.. drawn];
        int[] open = [.. Enumerable.Range(0, kept.Length)];
        for (int draw = 1; (open = Outside(kept, open)).Length > 0; draw++)
        {
            if (draw == MostDraws)
                throw new RemoteServiceException(
                    RemoteFailure.BadAnswer,
                    $"Each of {MostDraws} completions of the prompt \"{ChatModel.Shorten(requests[open[0]].Prompt.Canonical)}\", the last "
                        + $"from {kept[open[0]].Server.Address}, has a token that the local copy of {options.Model} gives no probability: "
                        + "the server leaves out other tokens than the copy does, and ignores seeds. Check how it was started, or set a "
                        + "higher TopK or TopP, or none."
                );
            ServedCompletion[] again = await FirstFailure
                .WhenAll([.. open.Select(i => drawAsync(Again(requests[i], draw)))])
                .ConfigureAwait(false);
            foreach ((int i, ServedCompletion completion) in open.Zip(again))
                kept[i] = completion;
        }

        return [.. kept.Select(one => one.Completion)];
    }

    private static EncodedRequest Again(EncodedRequest request, int draw) =>
        request with
        {
            Seed = RequestSeed.Of(request.Prompt, draw, new DrawSeed(request.Seed, DrawPurpose.Redraw)),
        };

    private int[] Outside(ServedCompletion[] completions, int[] among)
    {
        double[] values = copy.LogProbValues([.. among.Select(i => completions[i].Completion)]);
        lock (_outside)
        {
            foreach ((int i, double value) in among.Zip(values))
            {
                if (!_outside.TryGetValue(completions[i].Server, out OutsideDraws? seen))
                    _outside[completions[i].Server] = seen = new OutsideDraws();
                seen.Add(completions[i].Completion, double.IsNegativeInfinity(value));
            }

            foreach ((PoolServer server, OutsideDraws seen) in _outside)
            {
                if (seen.Fault(asked, options.MaxDrift) is string fault)
                    throw new RemoteServiceException(
                        RemoteFailure.BadAnswer,
                        $"Too many completions of {server.Address} cannot be draws of the local copy of {options.Model}: {fault}. Check "
                            + "how the server was started, or leave it out."
                    );
            }
        }

        return [.. among.Where((_, j) => double.IsNegativeInfinity(values[j]))];
    }
}
