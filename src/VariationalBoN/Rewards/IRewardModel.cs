using VariationalBoN.Rewards;

namespace VariationalBoN;

/// <summary>A judge r(x, y) of completions: a classifier, a function, a remote service.</summary>
/// <remarks>Only plain data crosses this interface, so a remote model may be awaited safely.
/// Best-of-N uses ranks alone: any unit, any scale.</remarks>
public interface IRewardModel
{
    /// <summary>Identifies this judge: name, weights, settings, version.
    /// Tables and stores of rewards carry it and refuse another one.</summary>
    ModelIdentity Identity { get; }

    /// <summary>The most completions that it takes in one call, at least 1;
    /// <see cref="ScoringOptions.BatchSize"/> may ask for fewer.</summary>
    int MaxBatchSize => int.MaxValue;

    /// <summary>Scores a batch of completions.</summary>
    /// <param name="completions">B completions, at least one.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>B finite rewards in the order of the completions; higher is better; named parts beside them where there are any.</returns>
    Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken);
}
