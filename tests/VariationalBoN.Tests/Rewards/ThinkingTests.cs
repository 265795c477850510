using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.Rewards;

[Trait("Tier", "fast")]
public sealed class ThinkingTests
{
    private static readonly IRewardModel s_length = RewardModel.FromBatch(
        (completions, _) =>
            Task.FromResult(
                new RewardScores(
                    completions.Select(c => (double)c.Text.Length),
                    [new("words", [.. completions.Select(c => (double)c.Text.Split(' ').Length)])]
                )
            ),
        "length"
    );

    [Theory]
    [InlineData("<think>hm</think>\nYes.", "Yes.", 2, true)]
    [InlineData("Well <think>a</think>so <think>bc</think> it is", "Well so  it is", 3, true)]
    [InlineData("hm, hm</think> Yes.", "Yes.", 6, true)]
    [InlineData("<think>never ends", "", 10, false)]
    [InlineData("No thought.", "No thought.", 0, true)]
    [InlineData("", "", 0, true)]
    [InlineData("Yes.<think>", "Yes.", 0, false)]
    public void The_thinking_is_cut_and_measured(string text, string answer, int length, bool ended) =>
        Assert.Equal((answer, length, ended), new ThinkingOptions().Cut(text));

    [Fact]
    public void An_answer_that_begins_inside_without_an_end_is_all_thinking_where_that_is_said()
    {
        Assert.Equal(("", 4, false), new ThinkingOptions { StartsInside = true }.Cut("hm.."));
        Assert.Equal(("hm..", 0, true), new ThinkingOptions().Cut("hm.."));
    }

    [Fact]
    public async Task The_judge_reads_the_answer_and_those_over_the_budget_are_counted_and_not_judged()
    {
        var judge = s_length.WithoutThinking(new ThinkingOptions { MaxCharacters = 3, RewardOverBudget = -7 });
        var scores = await judge.ScoreAsync(
            [Of("<think>a</think> Yes it is"), Of("<think>abcd</think>No"), Of("<think>ab"), Of("Go")],
            CancellationToken.None
        );

        Assert.Equal([9, -7, -7, 2], scores);
        Assert.Equal([1, 4, 2, 0], scores.Components["thinking, characters"].AsEnumerable());
        Assert.Equal([0, 1, 0, 0], scores.Components["thinking over budget"].AsEnumerable());
        Assert.Equal([0, 0, 1, 0], scores.Components["thinking without end"].AsEnumerable());
        Assert.Equal([3, double.NaN, double.NaN, 1], scores.Components["words"].AsEnumerable());
        var found = await CheckedScoring.ScoreComponentsAsync(
            judge,
            [Of("<think>a</think> Yes it is"), Of("<think>abcd</think>No")],
            new ScoringOptions(),
            CancellationToken.None
        );
        Assert.Equal([3, null], found.Components["words"]); // as batches, tables and reports have it
        Assert.Equal([0, 2], await s_length.WithoutThinking().ScoreAsync([Of("<think>ab"), Of("Go")], CancellationToken.None));
        Assert.Equal([-7], await judge.ScoreAsync([Of("<think>ab")], CancellationToken.None));
        Assert.NotEqual(judge.Identity, s_length.WithoutThinking().Identity);
        Assert.Equal(s_length.WithoutThinking().Identity, s_length.WithoutThinking(new ThinkingOptions()).Identity);
    }

    [Fact]
    public void Options_that_make_no_sense_are_refused_by_name()
    {
        Assert.Contains(
            "RewardOverBudget",
            Assert.Throws<ArgumentException>(() => s_length.WithoutThinking(new ThinkingOptions { MaxCharacters = 3 })).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "MaxCharacters is -1",
            Assert
                .Throws<ArgumentException>(() =>
                    s_length.WithoutThinking(new ThinkingOptions { MaxCharacters = -1, RewardOverBudget = double.NaN })
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Start is",
            Assert.Throws<ArgumentException>(() => s_length.WithoutThinking(new ThinkingOptions { Start = "x", End = "x" })).Message,
            StringComparison.Ordinal
        );
    }

    private static Completion Of(string text) =>
        new()
        {
            Prompt = "q",
            Text = text,
            Tokens = [1, 2],
        };
}
