using VariationalBoN.Rewards;

namespace VariationalBoN.References;

/// <summary>Literal Best-of-N: draws N completions and keeps the one with the
/// highest reward. A policy trained with vBoN replaces it by one draw.</summary>
/// <remarks>As thread-safe as the policy and the reward model.</remarks>
public sealed partial class BestOfNSampler
{
    private readonly Scorer _scorer;

    /// <summary>Creates a sampler.</summary>
    /// <param name="policy">What completions are drawn from; with full support.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="options">How failures and truncated completions are treated.</param>
    /// <exception cref="ArgumentException">The policy truncates its distribution, or an option is out of range.</exception>
    public BestOfNSampler(IPolicy policy, IRewardModel reward, ScoringOptions? options = null) =>
        _scorer = new Scorer(policy, reward, options, mayTrain: true);

    /// <summary>The best of N completions of each prompt; among equal rewards the first drawn, which is as good as a random one.</summary>
    /// <param name="prompts">At least one prompt; a prompt that stands twice gets different draws.</param>
    /// <param name="n">N, at least 1.</param>
    /// <param name="seed">Fixes the draws, which are of purpose <see cref="DrawPurpose.Serving"/>.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>One scored completion for each prompt, in order.</returns>
    /// <exception cref="ArgumentException">There is no prompt.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is below 1.</exception>
    /// <exception cref="RewardModelException">A reward could not be had, or none of the N of a prompt.</exception>
    public async Task<IReadOnlyList<ScoredCompletion>> SampleAsync(
        IReadOnlyList<Prompt> prompts,
        int n,
        long seed,
        CancellationToken cancellationToken = default
    ) =>
        await ChosenDraws
            .SampleAsync<ScoredCompletion>(
                _scorer.Reference,
                _scorer,
                prompts,
                n,
                seed,
                (candidates, _) => [.. candidates.Select(of => of.MaxBy(c => c.Reward))],
                cancellationToken
            )
            .ConfigureAwait(false);
}
