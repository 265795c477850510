namespace VariationalBoN.Rewards;

/// <summary>What can be laid around any reward model. Stateless, thread-safe.</summary>
public static class RewardModelExtensions
{
    /// <summary>The same reward model, whose calls are made again when they fail for a passing reason.</summary>
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

    private sealed class RetryRewardModel(IRewardModel model, RetryPolicy policy) : IRewardModel
    {
        public string Identity => model.Identity;

        public int MaxBatchSize => model.MaxBatchSize;

        public Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken) =>
            policy.ExecuteAsync(token => model.ScoreAsync(completions, token), cancellationToken);
    }
}
