namespace VariationalBoN.Tests.Root;

[Trait("Tier", "fast")]
public sealed class ScoredBatchTests
{
    [Fact]
    public void Parts_hold_whole_groups_in_order()
    {
        ScoredBatch batch = Batch([0, 0, 1, 1, 1, 1, 2, 2]);

        var parts = batch.SplitByGroup(3);

        Assert.Equal(
            [
                [0, 1],
                [2, 3, 4, 5],
                [6, 7],
            ],
            parts.Select(part => part.Select(item => (int)item.Reward).ToArray()).ToArray()
        );
        Assert.Equal([0, 0, 1, 1, 1, 1, 2, 2], parts.SelectMany(part => part.Groups));
        Assert.Single(batch.SplitByGroup(8));
    }

    [Fact]
    public void Lengths_groups_and_sizes_are_checked()
    {
        Assert.Contains(
            "2 samples but 1 group",
            Assert.Throws<ArgumentException>(() => new ScoredBatch((IEnumerable<ScoredCompletion>)Batch([0, 0]), [0])).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "1 values of the component \"style\"",
            Assert
                .Throws<ArgumentException>(() =>
                    new ScoredBatch((IEnumerable<ScoredCompletion>)Batch([0, 0]), [0, 0], components: [new("style", [1.0])])
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => Batch([0, -1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Batch([0]).SplitByGroup(0));
    }

    [Fact]
    public void Samples_without_a_reward_are_carried_and_lone_ones_left_out_by_choice()
    {
        double?[] rewards = [1, null, 3, null, 5, 6];
        var origin = new ScoringIdentity("reference", "judge", "scoring");
        var batch = new ScoredBatch(
            rewards.Select((reward, i) => new ScoredSample(new Completion { Prompt = $"{i / 2}", Text = $"{i}" }, reward, -1)),
            [0, 0, 1, 1, 2, 2],
            origin,
            [new("style", [10, 20, 30, null, 50, 60])]
        );

        Assert.Equal([1.0, 3, 5, 6], batch.Select(item => item.Reward));
        Assert.Equal([0, 1, 2, 2], batch.Groups.AsEnumerable());
        Assert.Equal([10, 30, 50, 60], batch.Components["style"].AsEnumerable());
        Assert.Equal([10.0, 20, 30, null, 50, 60], batch.DrawnComponents["style"].AsEnumerable());
        Assert.Equal((6, 2, 0), (batch.Drawn.Length, batch.Excluded, batch.LeftOut));
        Assert.Equal("1", batch.Drawn[1].Completion.Text);

        ScoredBatch together = batch.WithoutLone();
        Assert.Equal([5.0, 6], together.Select(item => item.Reward));
        Assert.Equal([50, 60], together.Components["style"].AsEnumerable());
        Assert.Equal((2, 2, origin), (together.LeftOut, together.Excluded, together.Origin));
        Assert.Same(together, together.WithoutLone());
        Assert.Equal([origin, origin], batch.SplitByGroup(2).Select(part => part.Origin));
    }

    private static ScoredBatch Batch(int[] groups) =>
        new(groups.Select((group, i) => new ScoredCompletion(new Completion { Prompt = $"{group}", Text = "" }, i, -1)), groups);
}
