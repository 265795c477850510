namespace VariationalBoN.Rewards;

/// <summary>A judge r(x, y) of completions: a classifier, a function, a remote service.</summary>
/// <remarks>Only plain data crosses this interface, so a remote model may be awaited safely. Best-of-N uses ranks alone: any unit, any scale.</remarks>
public interface IRewardModel
{
    /// <summary>One line that tells this judge from others; a cache of rewards carries it and refuses another one.</summary>
    string Identity => GetType().Name;

    /// <summary>Scores a batch of completions.</summary>
    /// <param name="completions">B completions, at least one.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>B finite rewards in the order of the completions; higher is better.</returns>
    Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken);
}
