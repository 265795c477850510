namespace VariationalBoN.Rewards;

/// <summary>Wrappers for any reward model. Stateless, thread-safe.</summary>
public static class RewardModelExtensions
{
    /// <summary>Makes calls of a reward model again when they fail for a passing reason.</summary>
    /// <remarks>A call that fails to the end still fails: <see cref="ScoringOptions.OnFailure"/> decides what then happens.</remarks>
    /// <param name="model">The reward model.</param>
    /// <param name="options">How often and when; the defaults when left out.</param>
    /// <returns>A reward model of the same identity.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static IRewardModel WithRetry(this IRewardModel model, RetryOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new RetryRewardModel(model, new RetryPolicy(options));
    }

    /// <summary>Cuts the thinking out of answers before a judge reads them: their text alone, without token ids.</summary>
    /// <remarks>
    /// How long the thinking was, and the shares over the budget and without an end, are components of the reward ("thinking, characters",
    /// "thinking over budget", "thinking without end"), so that reports count them.
    /// Answers cut at the maximum length are the report's truncated share.
    /// </remarks>
    /// <param name="model">The judge.</param>
    /// <param name="options">What is thinking, and its budget;
    /// null for <c>&lt;think&gt;</c> to <c>&lt;/think&gt;</c> without a budget.</param>
    /// <returns>A reward model whose identity names the judge and the options.</returns>
    /// <exception cref="ArgumentException">The options are not usable; the message names every fault.</exception>
    public static IRewardModel WithoutThinking(this IRewardModel model, ThinkingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new AnswerRewardModel(model, options ?? new ThinkingOptions());
    }

    /// <summary>Scores completions in batches and checks each answer, as the library itself does.</summary>
    /// <param name="model">The reward model.</param>
    /// <param name="completions">B completions.</param>
    /// <param name="options">Batches, failures and truncated completions; the defaults when left out.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>B rewards in the order of the completions; null for a completion without a reward.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="RewardModelException">A reward could not be had and <see cref="ScoringOptions.OnFailure"/>
    /// does not exclude it, or none could be had.</exception>
    public static async Task<IReadOnlyList<double?>> ScoreCheckedAsync(
        this IRewardModel model,
        IReadOnlyList<Completion> completions,
        ScoringOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(completions);
        options ??= new ScoringOptions();
        options.Validate();
        return await CheckedScoring.ScoreAsync(model, completions, options, cancellationToken).ConfigureAwait(false);
    }

    private sealed class RetryRewardModel(IRewardModel model, RetryPolicy policy) : IRewardModel
    {
        public ModelIdentity Identity => model.Identity;

        public int MaxBatchSize => model.MaxBatchSize;

        public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken) =>
            policy.ExecuteAsync(token => model.ScoreAsync(completions, token), cancellationToken);
    }
}
