using VariationalBoN.Rewards;

namespace VariationalBoN;

/// <summary>Makes reward models of functions. Stateless, thread-safe; a model is as thread-safe as its function.</summary>
public static class RewardModel
{
    /// <summary>A reward model of a function of prompt and completion text.</summary>
    /// <param name="score">(prompt, text) to a finite reward.</param>
    /// <param name="identity">Tells this judge from others: a name, with settings and a version;
    /// change it when the function changes.</param>
    /// <returns>The reward model.</returns>
    public static IRewardModel FromFunction(Func<string, string, double> score, ModelIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(score);
        return FromFunction(completion => score(completion.Prompt.Text, completion.Text), identity);
    }

    /// <summary>A reward model of a function of a completion.</summary>
    /// <param name="score">A completion to a finite reward.</param>
    /// <param name="identity">Tells this judge from others: a name, with settings and a version;
    /// change it when the function changes.</param>
    /// <returns>The reward model.</returns>
    public static IRewardModel FromFunction(Func<Completion, double> score, ModelIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(score);
        return FromBatch(
            (completions, cancellationToken) =>
            {
                double[] rewards = new double[completions.Count];
                for (int i = 0; i < rewards.Length; i++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    rewards[i] = score(completions[i]);
                }

                return Task.FromResult<RewardScores>(rewards);
            },
            identity
        );
    }

    /// <summary>A reward model of an asynchronous function of a completion;
    /// the completions of a batch are scored at the same time.</summary>
    /// <param name="score">A completion to a finite reward.</param>
    /// <param name="identity">Tells this judge from others: a name, with settings and a version;
    /// change it when the function changes.</param>
    /// <returns>The reward model.</returns>
    public static IRewardModel FromAsync(Func<Completion, CancellationToken, Task<double>> score, ModelIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(score);
        return FromBatch(
            async (completions, cancellationToken) =>
                await Task.WhenAll(completions.Select(c => score(c, cancellationToken))).ConfigureAwait(false),
            identity
        );
    }

    /// <summary>A reward model of an asynchronous function of a whole batch.</summary>
    /// <param name="score">B completions to B finite rewards in their order.</param>
    /// <param name="identity">Tells this judge from others: a name, with settings and a version;
    /// change it when the function changes.</param>
    /// <returns>The reward model.</returns>
    public static IRewardModel FromBatch(
        Func<IReadOnlyList<Completion>, CancellationToken, Task<RewardScores>> score,
        ModelIdentity identity
    )
    {
        ArgumentNullException.ThrowIfNull(score);
        ArgumentNullException.ThrowIfNull(identity);
        return new FunctionRewardModel(score, identity);
    }

    private sealed class FunctionRewardModel(
        Func<IReadOnlyList<Completion>, CancellationToken, Task<RewardScores>> score,
        ModelIdentity identity
    ) : IRewardModel
    {
        public ModelIdentity Identity => identity;

        public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken) =>
            score(completions, cancellationToken);
    }
}
