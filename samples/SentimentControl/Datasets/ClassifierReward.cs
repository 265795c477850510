using VariationalBoN;

namespace SentimentControl.Datasets;

/// <summary>A judge that reads prompt and completion as one text and returns a classifier's logit. Immutable, thread-safe.</summary>
/// <param name="logit">The logit of a text.</param>
/// <param name="identity">Tells this judge from others: the data and the seed that it was trained on.</param>
internal sealed class ClassifierReward(Func<string, double> logit, string identity) : IRewardModel
{
    public ModelIdentity Identity => identity;

    public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult<RewardScores>([.. completions.Select(completion => logit($"{completion.Prompt} {completion.Text}"))]);
    }
}
