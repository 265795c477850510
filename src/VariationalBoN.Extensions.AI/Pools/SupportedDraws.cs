using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Draws of servers given that a policy which truncates gives them a probability: others are drawn again. As thread-safe as the
/// policy.</summary>
/// <param name="copy">The policy.</param>
/// <param name="model">The name of the model, for messages.</param>
internal sealed class SupportedDraws(IPolicy copy, string model)
{
    private const int MostDraws = 64; // of one completion; of at most a half each (DriftCheck), so many fail with a probability of 2^-64

    /// <summary>The completions, those outside the support of the policy drawn again.</summary>
    /// <param name="requests">What was asked for.</param>
    /// <param name="drawn">What came.</param>
    /// <param name="drawAsync">Asks for one.</param>
    /// <exception cref="RemoteServiceException">One stays outside.</exception>
    public async Task<Completion[]> WithinAsync(
        IReadOnlyList<EncodedRequest> requests,
        IReadOnlyList<Completion> drawn,
        Func<EncodedRequest, Task<Completion>> drawAsync
    )
    {
        Completion[] kept = [.. drawn];
        int[] open = [.. Enumerable.Range(0, kept.Length)];
        for (int draw = 1; (open = Outside(kept, open)).Length > 0; draw++)
        {
            if (draw == MostDraws)
                throw new RemoteServiceException(
                    RemoteFailure.BadAnswer,
                    $"Each of {MostDraws} completions of the prompt \"{ChatModel.Shorten(requests[open[0]].Prompt.Canonical)}\" has a token "
                        + $"that the local copy of {model} gives no probability, so that servers leave out other tokens than it does. Ask "
                        + "for a higher TopK or TopP, or for none."
                );
            Completion[] again = await FirstFailure
                .WhenAll([.. open.Select(i => drawAsync(Again(requests[i], draw)))])
                .ConfigureAwait(false);
            foreach ((int i, Completion completion) in open.Zip(again))
                kept[i] = completion;
        }

        return kept;
    }

    private static EncodedRequest Again(EncodedRequest request, int draw) =>
        request with
        {
            Seed = RequestSeed.Of(request.Prompt, draw, new DrawSeed(request.Seed, DrawPurpose.Resampling)),
        };

    private int[] Outside(Completion[] completions, int[] among)
    {
        double[] values = copy.LogProbValues([.. among.Select(i => completions[i])]);
        return [.. among.Where((_, j) => double.IsNegativeInfinity(values[j]))];
    }
}
