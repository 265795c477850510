namespace VariationalBoN;

/// <summary>Makes reward models of functions. Stateless, thread-safe; a model is as thread-safe as its function.</summary>
public static class RewardModel
{
    /// <summary>The identity of a function that was given none.</summary>
    internal const string Unnamed = "unnamed function";

    /// <summary>A reward model of a function of prompt and completion text.</summary>
    /// <param name="score">(prompt, text) to a finite reward.</param>
    /// <param name="identity">Tells this judge from others; change it when the function changes. The default tells nothing, so a folder of reference samples refuses it.</param>
    /// <returns>The reward model.</returns>
    public static IRewardModel FromFunction(Func<string, string, double> score, string identity = Unnamed)
    {
        ArgumentNullException.ThrowIfNull(score);
        return FromFunction(completion => score(completion.Prompt.Text, completion.Text), identity);
    }

    /// <summary>A reward model of a function of a completion.</summary>
    /// <param name="score">A completion to a finite reward.</param>
    /// <param name="identity">Tells this judge from others; change it when the function changes. The default tells nothing, so a folder of reference samples refuses it.</param>
    /// <returns>The reward model.</returns>
    public static IRewardModel FromFunction(Func<Completion, double> score, string identity = Unnamed)
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

                return Task.FromResult<IReadOnlyList<double>>(rewards);
            },
            identity);
    }

    /// <summary>A reward model of an asynchronous function of a completion; the completions of a batch are scored at the same time.</summary>
    /// <param name="score">A completion to a finite reward.</param>
    /// <param name="identity">Tells this judge from others; change it when the function changes. The default tells nothing, so a folder of reference samples refuses it.</param>
    /// <returns>The reward model.</returns>
    public static IRewardModel FromAsync(Func<Completion, CancellationToken, Task<double>> score, string identity = Unnamed)
    {
        ArgumentNullException.ThrowIfNull(score);
        return FromBatch(async (completions, cancellationToken) => await Task.WhenAll(completions.Select(c => score(c, cancellationToken))).ConfigureAwait(false), identity);
    }

    /// <summary>A reward model of an asynchronous function of a whole batch.</summary>
    /// <param name="score">B completions to B finite rewards in their order.</param>
    /// <param name="identity">Tells this judge from others; change it when the function changes. The default tells nothing, so a folder of reference samples refuses it.</param>
    /// <returns>The reward model.</returns>
    public static IRewardModel FromBatch(Func<IReadOnlyList<Completion>, CancellationToken, Task<IReadOnlyList<double>>> score, string identity = Unnamed)
    {
        ArgumentNullException.ThrowIfNull(score);
        ArgumentException.ThrowIfNullOrWhiteSpace(identity);
        return new FunctionRewardModel(score, identity);
    }

    private sealed class FunctionRewardModel(Func<IReadOnlyList<Completion>, CancellationToken, Task<IReadOnlyList<double>>> score, string identity) : IRewardModel
    {
        public string Identity => identity;

        public Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken) => score(completions, cancellationToken);
    }
}
