namespace VariationalBoN.Tests.Root;

[Trait("Tier", "fast")]
public sealed class ScoredBatchTests
{
    [Fact]
    public void Parts_hold_whole_groups_in_order()
    {
        ScoredBatch batch = Batch([0, 0, 1, 1, 1, 1, 2, 2]);

        var parts = batch.SplitByGroup(3);

        Assert.Equal([[0, 1], [2, 3, 4, 5], [6, 7]], parts.Select(part => part.Select(item => (int)item.Reward).ToArray()).ToArray());
        Assert.Equal([0, 0, 1, 1, 1, 1, 2, 2], parts.SelectMany(part => part.Groups));
        Assert.Single(batch.SplitByGroup(8));
    }

    [Fact]
    public void Lengths_groups_and_sizes_are_checked()
    {
        Assert.Contains("2 scored completions but 1 group", Assert.Throws<ArgumentException>(() => new ScoredBatch(Batch([0, 0]), [0])).Message, StringComparison.Ordinal);
        Assert.Contains("1 values of the component \"style\"", Assert.Throws<ArgumentException>(() => new ScoredBatch(Batch([0, 0]), [0, 0], 0, [new("style", [1.0])])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Batch([0, -1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ScoredBatch([], [], excluded: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Batch([0]).SplitByGroup(0));
    }

    private static ScoredBatch Batch(int[] groups) =>
        new(groups.Select((group, i) => new ScoredCompletion(new Completion { Prompt = $"{group}", Text = "" }, i, -1)), groups);
}
