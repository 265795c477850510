using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.Rewards;

/// <summary>A reward model that takes few completions in one call.</summary>
internal sealed class Capped(IRewardModel model, int most) : IRewardModel
{
    public ModelIdentity Identity => model.Identity;

    public int MaxBatchSize => most;

    public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken) =>
        completions.Count > Math.Max(1, most)
            ? throw new InvalidOperationException($"It was given {completions.Count} completions, more than {most}.")
            : model.ScoreAsync(completions, cancellationToken);
}
