using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Rewards;

[Trait("Tier", "fast")]
public sealed class WeightedRewardModelTests
{
    private static readonly Completion[] s_two = [WordPolicy.Word("a", 1), WordPolicy.Word("bb", 2)];
    private static readonly IRewardModel s_word = RewardModel.FromFunction(WordPolicy.Reward, "word");
    private static readonly IRewardModel s_prompt = RewardModel.FromFunction(c => c.Prompt.Text.Length * 10, "prompt");

    [Fact]
    public async Task Reward_is_the_weighted_sum_and_the_parts_keep_their_names()
    {
        var term = new RewardTerm("word", s_word, 2);
        Assert.Equal(("word", s_word, 2), (term.Name, term.Model, term.Weight));
        var model = new WeightedRewardModel(term, new("prompt", s_prompt, -0.5), new("watched", s_prompt, 0));
        var rewards = Assert.IsType<RewardScores>(await model.ScoreAsync(s_two, CancellationToken.None));
        Assert.Equal([2 - 5, 4 - 10], rewards);
        Assert.Equal(["prompt", "watched", "word"], rewards.Components.Keys);
        Assert.Equal([1, 2], rewards.Components["word"].ToArray());
        Assert.Equal([10, 20], rewards.Components["watched"].ToArray());
        Assert.NotEqual(
            model.Identity,
            new WeightedRewardModel(new("word", s_word, 2), new("prompt", s_prompt, -0.25), new("watched", s_prompt, 0)).Identity
        );
        Assert.Equal(
            ["prompt: weight is -0.5, in the other 1.0".Replace("1.0", "1", StringComparison.Ordinal)],
            model.Identity.Differences(
                new WeightedRewardModel(new("word", s_word, 2), new("prompt", s_prompt), new("watched", s_prompt, 0)).Identity
            )
        );
    }

    [Fact]
    public async Task Parts_of_a_part_are_named_by_path()
    {
        var inner = new WeightedRewardModel(new RewardTerm("x", s_word));
        var rewards = Assert.IsType<RewardScores>(
            await new WeightedRewardModel(new RewardTerm("outer", inner, 3)).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Equal([3, 6], rewards);
        Assert.Equal([1, 2], rewards.Components["outer/x"].ToArray());
    }

    [Fact]
    public async Task Terms_are_asked_at_the_same_time()
    {
        var both = new CountdownTask(2);
        var term = RewardModel.FromBatch(
            async (completions, _) =>
            {
                await both.SignalAndWaitAsync();
                return new double[completions.Count];
            },
            "test judge"
        );
        Assert.Equal([0, 0], await new WeightedRewardModel(new("a", term), new("b", term)).ScoreAsync(s_two, CancellationToken.None));
    }

    [Fact]
    public async Task Failure_names_the_term_and_keeps_its_kind()
    {
        var away = RewardModel.FromBatch((_, _) => throw new RemoteServiceException(RemoteFailure.Unavailable, "gone fishing"), "judge 3");
        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            new WeightedRewardModel(new("word", s_word), new("far", away)).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Contains("component \"far\" (judge 3)", error.Message);
        Assert.Contains("gone fishing", error.Message);
        Assert.True(RetryPolicy.IsTransient(error));
        var few = RewardModel.FromBatch((_, _) => Task.FromResult<RewardScores>([1]), "test judge");
        Assert.Contains(
            "\"few\" (test judge) failed: It returned 1 rewards for 2",
            (
                await Assert.ThrowsAsync<RewardModelException>(() =>
                    new WeightedRewardModel(new RewardTerm("few", few)).ScoreAsync(s_two, CancellationToken.None)
                )
            ).Message
        );
    }

    [Fact]
    public async Task Term_that_is_not_finite_fails_the_completion_and_is_named()
    {
        var model = new WeightedRewardModel(
            new("word", s_word),
            new("shaky", RewardModel.FromFunction(c => c.Tokens[0] == 2 ? double.NaN : 0, "test judge"), 0)
        );
        var error = await Assert.ThrowsAsync<RewardModelException>(() => CheckedScoring.ScoreAsync(model, s_two, new(), default));
        Assert.Contains("completion 1", error.Message);
        Assert.Contains("\"shaky\" = NaN", error.Message);
        Assert.Equal([1, null], await CheckedScoring.ScoreAsync(model, s_two, new() { OnFailure = RewardFailure.Exclude }, default));
    }

    [Fact]
    public async Task Cancellation_passes_untouched()
    {
        using var source = new CancellationTokenSource();
        var term = RewardModel.FromAsync(
            async (_, token) =>
            {
                await source.CancelAsync();
                token.ThrowIfCancellationRequested();
                return 0;
            },
            "test judge"
        );
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            new WeightedRewardModel(new RewardTerm("a", term)).ScoreAsync(s_two, source.Token)
        );
        Assert.Equal(source.Token, error.CancellationToken);
    }

    [Fact]
    public void Batch_is_no_larger_than_any_term_takes() =>
        Assert.Equal(3, new WeightedRewardModel(new("a", s_word), new("b", new Capped(s_word, 3))).MaxBatchSize);

    [Fact]
    public void Terms_that_are_not_usable_are_all_named()
    {
        string message = Assert
            .Throws<ArgumentException>(() => new WeightedRewardModel(new("a", s_word), new("a", s_word, double.NaN), new(" ", s_word)))
            .Message;
        foreach (string fault in (string[])["\"a\" stands twice", "weight of \"a\" is NaN", "name is blank"])
            Assert.Contains(fault, message);
        Assert.Contains("no term", Assert.Throws<ArgumentException>(() => new WeightedRewardModel()).Message);
    }

    [Fact]
    public void A_wrapper_changes_rewards_and_keeps_the_parts()
    {
        var scores = new RewardScores([1, 2], [new("style", [3.0, 4])]);

        RewardScores changed = scores.WithRewards(scores.Select(reward => -reward));

        Assert.Equal([-1, -2], changed);
        Assert.Equal(scores.Components, changed.Components);
        Assert.Throws<ArgumentException>(() => scores.WithRewards([1]));
    }
}
