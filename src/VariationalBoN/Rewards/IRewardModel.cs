using VariationalBoN.Rewards;

namespace VariationalBoN;

/// <summary>A judge r(x, y) of completions: a classifier, a function, a remote service.</summary>
/// <remarks>Only plain data crosses this interface, so a remote model may be awaited safely. Best-of-N uses ranks alone: any unit, any scale.</remarks>
public interface IRewardModel
{
    /// <summary>One line that tells this judge from others; a store of rewards carries it and refuses another one.</summary>
    /// <remarks>By default the name of the type, which does not tell settings or weights apart: a model that has any must say them here.</remarks>
    string Identity => GetType().Name;

    /// <summary>The most completions that it takes in one call, at least 1; <see cref="ScoringOptions.BatchSize"/> may ask for fewer.</summary>
    int MaxBatchSize => int.MaxValue;

    /// <summary>Scores a batch of completions.</summary>
    /// <param name="completions">B completions, at least one.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>B finite rewards in the order of the completions; higher is better. <see cref="ComponentRewards"/> when they have named parts.</returns>
    Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken);
}
