using System.Runtime.CompilerServices;
using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Reference samples of completions that were drawn elsewhere, by a server or into a file: texts and rewards, without token ids
/// and log pi_ref. Stateless, thread-safe.</summary>
/// <remarks>They are all that F needs. Losses on the reference samples and draws among them need more: token ids and log pi_ref.</remarks>
public static class ReferenceSamples
{
    /// <summary>Scores completions and gathers them by prompt.</summary>
    /// <param name="reward">The reward model.</param>
    /// <param name="completions">Completions in any order; their token ids are not used.</param>
    /// <param name="options">How failures and truncated completions are treated; use the same for the scorer.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The samples of each prompt in the order drawn, prompts in the order of their first completion: to be given to
    /// <see cref="ReferenceTable"/>, which refuses those without any reward.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    public static async Task<IReadOnlyList<ReferencePrompt>> ScoreAsync(
        IRewardModel reward,
        IReadOnlyList<Completion> completions,
        ScoringOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(reward);
        ArgumentNullException.ThrowIfNull(completions);
        options ??= new ScoringOptions();
        options.Validate();
        CheckedRewards found = await CheckedScoring
            .ScoreComponentsAsync(reward, completions, options, cancellationToken)
            .ConfigureAwait(false);
        double?[] rewards = found.Rewards;
        return
        [
            .. Enumerable.Range(0, completions.Count).GroupBy(i => completions[i].Prompt).Select(drawn => Entry(drawn.Key, [.. drawn])),
        ];

        ReferencePrompt Entry(Prompt prompt, int[] drawn)
        {
            int[] scored = [.. drawn.Where(i => rewards[i] is not null)];
            return new ReferencePrompt(
                prompt,
                drawn.Select(i => rewards[i]),
                scored.Select(i => completions[i].Text),
                ReferenceComponents.At(found.Components, scored)
            );
        }
    }

    /// <summary>Draws M samples of each prompt with a function, such as a call of a server, and scores them: batch by batch, into a store
    /// where there is one, going on where it was stopped.</summary>
    /// <param name="reference">The identity of the distribution that is drawn from.</param>
    /// <param name="sampleAsync">Draws K completions of each of P prompts by a seed, whose <see cref="DrawSeed.FirstSample"/> is the index
    /// of the first of each: P * K completions, prompt by prompt.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="prompts">At least one prompt; a prompt that stands twice is sampled once.</param>
    /// <param name="options">M, seed, batches, store and progress.</param>
    /// <param name="scoring">How failures and truncated completions are treated;
    /// use the same for the scorer. The defaults when left out.</param>
    /// <param name="cancellationToken">Given to the function and to the reward model.</param>
    /// <returns>The table: rewards and texts, without token ids and log pi_ref.</returns>
    /// <exception cref="ArgumentException">There is no prompt, an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The function returned other completions than asked for,
    /// or the store holds rewards of something else.</exception>
    /// <exception cref="IOException">The store cannot be read or written, or another writer has it.</exception>
    /// <exception cref="RewardModelException">A reward could not be had; or, once all is drawn, prompts have no sample left: the message
    /// names them, and the store keeps what was drawn.</exception>
    public static Task<ReferenceTable> EstimateAsync(
        ModelIdentity reference,
        Func<IReadOnlyList<Prompt>, int, DrawSeed, CancellationToken, Task<IReadOnlyList<Completion>>> sampleAsync,
        IRewardModel reward,
        IReadOnlyList<Prompt> prompts,
        ReferenceTableOptions options,
        ScoringOptions? scoring = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(sampleAsync);
        ArgumentNullException.ThrowIfNull(reward);
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        scoring ??= new ScoringOptions();
        scoring.Validate();
        var watch = new TruncationWatch((long)prompts.Count * options.SamplesPerPrompt, options.Logger);
        return new ReferenceEstimation(
            new ScoringIdentity(reference, reward.Identity, scoring.Identity),
            DrawAsync,
            prompts,
            options
        ).RunAsync(cancellationToken);

        async IAsyncEnumerable<ReferencePart> DrawAsync(
            Prompt[] batch,
            int count,
            DrawSeed seed,
            [EnumeratorCancellation] CancellationToken token
        )
        {
            IReadOnlyList<Completion> drawn = await sampleAsync(batch, count, seed, token).ConfigureAwait(false);
            if (!drawn.Select(completion => completion.Prompt).SequenceEqual(batch.SelectMany(prompt => Enumerable.Repeat(prompt, count))))
                throw new InvalidOperationException(
                    $"{reference.Name} was asked for {count} completions of each of {batch.Length} prompts and gave {drawn.Count}, or of "
                        + $"other prompts or in another order; return them prompt by prompt."
                );
            watch.Observe(drawn);
            yield return new ReferencePart(batch, seed.FirstSample, count, () => ScoreAsync(reward, drawn, scoring, token));
        }
    }
}
