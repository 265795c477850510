using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "torch")]
public sealed class ScorerTests
{
    private static readonly double[] s_words = [0.1, 0.2, 0.7];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");

    [Fact]
    public async Task Each_completion_keeps_its_place_and_gets_both_numbers()
    {
        Completion[] completions = [WordPolicy.Word("a", 2), WordPolicy.Word("a", 0), WordPolicy.Word("b", 1), WordPolicy.Word("a", 1)];

        ScoredBatch scored = await new Scorer(new WordPolicy(s_words), s_reward).ScoreAsync(completions);

        Assert.Equal(completions, scored.Completions);
        Assert.Equal([2.0, 0, 1, 1], scored.Select(item => item.Reward));
        Assert.Equal([Math.Log(0.7), Math.Log(0.1), Math.Log(0.2), Math.Log(0.2)], scored.Select(item => item.LogReference));
        Assert.Equal([0, 0, 1, 2], scored.Groups.ToArray()); // neighbours of one prompt
        Assert.Equal(0, scored.Excluded);
    }

    [Fact]
    public async Task Exclusions_are_counted_and_what_they_leave_alone_stays()
    {
        var failing = RewardModel.FromFunction(c => c.Tokens[0] == 0 ? double.NaN : c.Tokens[0], "test judge");
        Completion[] completions =
        [
            WordPolicy.Word("a", 0),
            WordPolicy.Word("a", 1),
            WordPolicy.Word("b", 1),
            WordPolicy.Word("b", 0),
            WordPolicy.Word("b", 2),
            WordPolicy.Word("c", 1),
        ];

        ScoredBatch scored = await new Scorer(
            new WordPolicy(s_words),
            failing,
            new ScoringOptions { OnFailure = RewardFailure.Exclude }
        ).ScoreAsync(completions);

        Assert.Equal([("a", 1.0), ("b", 1.0), ("b", 2.0), ("c", 1.0)], scored.Select(item => (item.Completion.Prompt.Text, item.Reward)));
        Assert.Equal([0, 1, 1, 2], scored.Groups.AsEnumerable());
        Assert.Equal(2, scored.Excluded);
        Assert.Equal(completions, scored.Drawn.Select(sample => sample.Completion));
        Assert.Equal([("b", 1.0), ("b", 2.0)], scored.WithoutLone().Select(item => (item.Completion.Prompt.Text, item.Reward)));
    }

    [Theory]
    [InlineData(0.0, "-")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(1.5, "0.405")]
    public async Task Impossible_reference_probability_is_named_with_prompt_and_remedy(double probability, string value)
    {
        var error = await Assert.ThrowsAsync<ArithmeticException>(() =>
            new Scorer(new WordPolicy([1, probability]), s_reward).ScoreAsync([WordPolicy.Word("a", 0), WordPolicy.Word("odd one", 1)])
        );

        Assert.Contains("completion 1 of prompt \"odd one\"", error.Message, StringComparison.Ordinal);
        Assert.Contains(value, error.Message, StringComparison.Ordinal);
        Assert.Contains("share vocabulary", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reference_that_truncates_its_distribution_is_refused() =>
        Assert.Contains(
            "top-k",
            Assert.Throws<ArgumentException>(() => new Scorer(new WordPolicy(s_words) { HasFullSupport = false }, s_reward)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Components_follow_their_completions_past_exclusions_and_splits()
    {
        var failing = RewardModel.FromFunction(c => c.Tokens[0] == 0 ? double.NaN : c.Tokens[0], "test judge");
        var reward = new WeightedRewardModel(
            new("word", failing),
            new("length", RewardModel.FromFunction(c => c.Prompt.Text.Length, "test judge"), 10)
        );
        Completion[] completions = [WordPolicy.Word("a", 1), WordPolicy.Word("a", 0), WordPolicy.Word("a", 2), WordPolicy.Word("bb", 1)];

        ScoredBatch scored = await new Scorer(
            new WordPolicy(s_words),
            reward,
            new ScoringOptions { OnFailure = RewardFailure.Exclude }
        ).ScoreAsync(completions);

        Assert.Equal([11.0, 12, 21], scored.Select(item => item.Reward));
        Assert.Equal(["length", "word"], scored.Components.Keys);
        Assert.Equal([1.0, 2, 1], scored.Components["word"].ToArray());
        Assert.Equal([1.0, 1, 2], scored.Components["length"].ToArray());
        Assert.Equal([2.0], scored.SplitByGroup(1)[1].Components["length"].ToArray());
        Assert.Empty((await new Scorer(new WordPolicy(s_words), s_reward).ScoreAsync(completions)).Components);
    }

    [Fact]
    public async Task Reward_model_that_throws_names_the_completion()
    {
        var broken = RewardModel.FromFunction(c => c.Tokens[0] == 1 ? throw new TimeoutException("the judge is away") : 0.0, "test judge");

        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            new Scorer(new WordPolicy(s_words), broken, new ScoringOptions { BatchSize = 1 }).ScoreAsync([
                WordPolicy.Word("a", 0),
                WordPolicy.Word("b", 1),
            ])
        );

        Assert.Contains("\"b\"", error.Message, StringComparison.Ordinal);
        Assert.IsType<TimeoutException>(error.InnerException);
    }
}
