using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Completions that the servers of a pool draw, scored here: the next are drawn while
/// the judge is awaited. Several calls may run at once where the scorer is thread-safe.</summary>
/// <param name="sampler">Draws the completions.</param>
/// <param name="scorer">Gives log pi_ref and rewards; for a table of reference
/// samples its reference must be <see cref="PoolSampler.Policy"/>.</param>
[Experimental(ExperimentalIds.Pools)]
public sealed class PoolCompletionSource(PoolSampler sampler, Scorer scorer) : ICompletionSource
{
    private const int CompletionsPerPart = 256;

    /// <inheritdoc/>
    public ModelIdentity Policy => ReferenceEquals(sampler.Policy, scorer.Reference) ? scorer.Origin.Reference : sampler.Identity;

    /// <inheritdoc/>
    public ScoringIdentity Origin => scorer.Origin;

    /// <inheritdoc/>
    /// <exception cref="Rewards.RemoteServiceException">A request failed on every server,
    /// or a server draws from something else; the message names it.</exception>
    public async Task<ScoredBatch> DrawAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    )
    {
        IReadOnlyList<Completion> drawn = await sampler
            .SampleAsync(prompts, completionsPerPrompt, seed, cancellationToken)
            .ConfigureAwait(false);
        return await ScoreAsync(drawn, 0, completionsPerPrompt, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    /// <remarks>Servers are asked for all completions of the call as they have room, while parts are scored here.</remarks>
    /// <exception cref="Rewards.RemoteServiceException">A request failed on every server,
    /// or a server draws from something else; the message names it.</exception>
    public async IAsyncEnumerable<ScoredBatch> DrawEachAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        int given = 0;
        await foreach (
            IReadOnlyList<Completion> part in sampler
                .SampleEachAsync(prompts, completionsPerPrompt, seed, CompletionsPerPart, cancellationToken)
                .ConfigureAwait(false)
        )
        {
            yield return await ScoreAsync(part, given, completionsPerPrompt, cancellationToken).ConfigureAwait(false);
            given += part.Count / completionsPerPrompt;
        }
    }

    /// <summary>A group to each prompt of the call, also where one stands beside itself.</summary>
    private async Task<ScoredBatch> ScoreAsync(
        IReadOnlyList<Completion> drawn,
        int first,
        int completionsPerPrompt,
        CancellationToken cancellationToken
    )
    {
        ScoredBatch scored = await scorer.ScoreAsync(drawn, cancellationToken).ConfigureAwait(false);
        return new ScoredBatch(
            scored.Drawn,
            Enumerable.Range(0, drawn.Count).Select(i => first + (i / completionsPerPrompt)),
            scored.Origin,
            scored.DrawnComponents
        );
    }
}
