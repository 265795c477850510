using VariationalBoN.Rewards;

namespace VariationalBoN.BestOfN;

/// <summary>Reference samples of completions that were drawn elsewhere, by a server or into a file: texts and rewards, without token ids and log pi_ref. Stateless, thread-safe.</summary>
/// <remarks>They are all that F needs; what needs more is told in docs/remote-rewards.md.</remarks>
public static class ReferenceSamples
{
    /// <summary>Scores completions and gathers them by prompt.</summary>
    /// <param name="reward">The reward model.</param>
    /// <param name="completions">Completions in any order; their token ids are not used.</param>
    /// <param name="options">How failures and truncated completions are treated; use the same for the scorer.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The samples of each prompt in the order drawn, prompts in the order of their first completion: to be given to <see cref="ReferenceTable"/>.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="RewardModelException">A reward could not be had, or no sample of a prompt is left.</exception>
    public static async Task<IReadOnlyList<ReferencePrompt>> ScoreAsync(IRewardModel reward, IReadOnlyList<Completion> completions, ScoringOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reward);
        ArgumentNullException.ThrowIfNull(completions);
        options ??= new ScoringOptions();
        options.Validate();
        double?[] rewards = await CheckedScoring.ScoreAsync(reward, completions, options, cancellationToken).ConfigureAwait(false);
        return [.. Enumerable.Range(0, completions.Count).GroupBy(i => completions[i].Prompt, StringComparer.Ordinal).Select(drawn => Entry(drawn.Key, [.. drawn]))];

        ReferencePrompt Entry(string prompt, int[] drawn)
        {
            int[] scored = [.. drawn.Where(i => rewards[i] is not null)];
            return scored.Length > 0
                ? new ReferencePrompt(prompt, scored.Select(i => rewards[i]!.Value), scored.Select(i => completions[i].Text), drawn.Length - scored.Length)
                : throw new RewardModelException($"None of the {drawn.Length} reference samples of the prompt \"{prompt}\" could be scored; all were excluded. See why the reward model fails for them, or whether all are truncated.");
        }
    }
}
