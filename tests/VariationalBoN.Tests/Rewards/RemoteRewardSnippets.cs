using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Rewards;

/// <summary>The code of docs/remote-rewards.md that stands in no sample.</summary>
[Trait("Tier", "fast")]
public sealed class RemoteRewardSnippets
{
    [Fact]
    public async Task Weighted_sum_of_a_remote_judge_a_function_and_a_watched_one()
    {
        IRewardModel helpful = RewardModel.FromFunction(WordPolicy.Reward, "test judge"),
            toxic = RewardModel.FromFunction(_ => 7.0, "test judge");
        // snippet: weighted
        var reward = new WeightedRewardModel(
            new("helpful", helpful.WithRetry()), // a remote judge
            new("short", RewardModel.FromFunction((_, text) => -text.Length, "minus length"), Weight: 0.01),
            new("toxic", toxic.WithRetry(), Weight: 0)
        ); // only watched
        // end snippet
        Assert.Equal([3 - 0.05], await reward.ScoreAsync([WordPolicy.Word("p", 3)], CancellationToken.None));
    }
}
