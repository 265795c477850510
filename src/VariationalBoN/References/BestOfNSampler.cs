using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Literal Best-of-N: draws N completions and keeps the one that the reward model likes best. What vBoN replaces by one draw.</summary>
/// <remarks>As thread-safe as the policy and the reward model.</remarks>
public sealed partial class BestOfNSampler
{
    private const int CompletionsPerBatch = 4096;

    private readonly Scorer _scorer;

    /// <summary>Creates a sampler.</summary>
    /// <param name="policy">What completions are drawn from; with full support.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="options">How failures and truncated completions are treated.</param>
    /// <exception cref="ArgumentException">The policy truncates its distribution, or an option is out of range.</exception>
    public BestOfNSampler(IPolicy policy, IRewardModel reward, ScoringOptions? options = null) => _scorer = new Scorer(policy, reward, options, mayTrain: true);

    /// <summary>The best of N completions of each prompt; among equal rewards the first drawn, which is as good as a random one.</summary>
    /// <param name="prompts">At least one prompt; a prompt that stands twice gets different draws.</param>
    /// <param name="n">N, at least 1.</param>
    /// <param name="seed">Fixes the draws, which are of purpose <see cref="DrawPurpose.Serving"/>.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>One scored completion for each prompt, in order.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is below 1.</exception>
    /// <exception cref="RewardModelException">A reward could not be had, or none of the N of a prompt.</exception>
    public async Task<IReadOnlyList<ScoredCompletion>> SampleAsync(IReadOnlyList<Prompt> prompts, int n, long seed, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to answer; give at least one.", nameof(prompts));
        var best = new ScoredCompletion[prompts.Count];
        int[][] answersOfPrompt = [.. Enumerable.Range(0, prompts.Count).GroupBy(i => prompts[i]).Select(group => group.ToArray())];
        int answered = 0;
        while (answersOfPrompt.Length > 0)
        {
            // Answer k of a prompt is the best of its samples k n to k n + n - 1, whatever else is asked for.
            foreach (int[][] batch in answersOfPrompt.Chunk(Math.Max(1, CompletionsPerBatch / n)))
                await AnswerAsync(batch, answered, cancellationToken).ConfigureAwait(false);
            answered++;
            answersOfPrompt = [.. answersOfPrompt.Where(answers => answers.Length > answered)];
        }

        return best;

        async Task AnswerAsync(int[][] batch, int answer, CancellationToken ct)
        {
            ct.ThrowIfCancellationRequested();
            Prompt[] asked = [.. batch.Select(answers => prompts[answers[0]])];
            IReadOnlyList<Completion> drawn = _scorer.Reference.Sample(asked, n, new DrawSeed(seed, DrawPurpose.Serving, checked(answer * n)), ct);
            ILookup<Prompt, ScoredCompletion> scored = (await _scorer.ScoreAsync(drawn, ct).ConfigureAwait(false)).ToLookup(c => c.Completion.Prompt);
            foreach (int[] answers in batch)
            {
                Prompt prompt = prompts[answers[0]];
                best[answers[answer]] = scored.Contains(prompt)
                    ? scored[prompt].MaxBy(c => c.Reward)
                    : throw new RewardModelException($"None of the {n} completions of the prompt \"{prompt}\" could be scored; all were excluded.");
            }
        }
    }
}
