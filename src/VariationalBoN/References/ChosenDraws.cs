using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>One answer to each prompt out of several draws: what the samplers of this room share. Stateless.</summary>
internal static class ChosenDraws
{
    private const int CompletionsPerBatch = 4096;

    /// <summary>Draws, scores and chooses. Answer k of a prompt is chosen among its samples k n to k n + n - 1,
    /// whatever else is asked for.</summary>
    /// <typeparam name="T">What is kept of the chosen draw.</typeparam>
    /// <param name="policy">What is drawn from.</param>
    /// <param name="scorer">Rewards and log pi_ref.</param>
    /// <param name="prompts">The prompts; one that stands twice gets different draws.</param>
    /// <param name="n">Draws of an answer.</param>
    /// <param name="seed">Fixes them.</param>
    /// <param name="choose">Given the scored draws of a batch by prompt and the number of the answer: one of each list.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is below 1.</exception>
    /// <exception cref="RewardModelException">None of the draws of a prompt has a reward.</exception>
    public static async Task<T[]> SampleAsync<T>(
        IPolicy policy,
        Scorer scorer,
        IReadOnlyList<Prompt> prompts,
        int n,
        long seed,
        Func<IReadOnlyList<ScoredCompletion[]>, int, T[]> choose,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to answer; give at least one.", nameof(prompts));
        var chosen = new T[prompts.Count];
        int[][] answersOfPrompt = [.. Enumerable.Range(0, prompts.Count).GroupBy(i => prompts[i]).Select(group => group.ToArray())];
        int answered = 0;
        while (answersOfPrompt.Length > 0)
        {
            foreach (int[][] batch in answersOfPrompt.Chunk(Math.Max(1, CompletionsPerBatch / n)))
                await AnswerAsync(batch, answered, cancellationToken).ConfigureAwait(false);
            answered++;
            answersOfPrompt = [.. answersOfPrompt.Where(answers => answers.Length > answered)];
        }

        return chosen;

        async Task AnswerAsync(int[][] batch, int answer, CancellationToken ct)
        {
            ct.ThrowIfCancellationRequested();
            Prompt[] asked = [.. batch.Select(answers => prompts[answers[0]])];
            IReadOnlyList<Completion> drawn = policy.Sample(asked, n, new DrawSeed(seed, DrawPurpose.Serving, checked(answer * n)), ct);
            ILookup<Prompt, ScoredCompletion> scored = (await scorer.ScoreAsync(drawn, ct).ConfigureAwait(false)).ToLookup(c =>
                c.Completion.Prompt
            );
            ScoredCompletion[][] candidates =
            [
                .. asked.Select(prompt =>
                    scored.Contains(prompt)
                        ? scored[prompt].ToArray()
                        : throw new RewardModelException(
                            $"None of the {n} completions of the prompt \"{prompt}\" could be scored; all were excluded."
                        )
                ),
            ];
            T[] kept = choose(candidates, answer);
            for (int i = 0; i < batch.Length; i++)
                chosen[batch[i][answer]] = kept[i];
        }
    }
}
