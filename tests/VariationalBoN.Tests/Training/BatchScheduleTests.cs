using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

/// <summary>Batches that grow, and the order of prompts without a gap behind them.</summary>
[Trait("Tier", "fast")]
public sealed class BatchScheduleTests
{
    [Fact]
    public void It_goes_in_a_line_from_the_first_to_the_last_and_stays_there()
    {
        var schedule = new BatchSchedule
        {
            First = 2,
            Last = 10,
            Steps = 5,
        };
        Assert.Equal([2, 4, 6, 8, 10, 10, 10], Enumerable.Range(0, 7).Select(step => schedule.At(step)));
        Assert.Equal([0L, 2, 6, 12, 20, 30, 40], Enumerable.Range(0, 7).Select(step => schedule.Before(step)));
        Assert.Equal(
            [10, 6, 2],
            Enumerable
                .Range(0, 3)
                .Select(step =>
                    new BatchSchedule
                    {
                        First = 10,
                        Last = 2,
                        Steps = 3,
                    }.At(step)
                )
        );
        Assert.Equal(
            7,
            new BatchSchedule
            {
                First = 3,
                Last = 7,
                Steps = 1,
            }.At(0)
        );
    }

    [Fact]
    public void Steps_of_different_sizes_go_through_the_same_passes_as_equal_ones()
    {
        var order = new PromptOrder(Enumerable.Range(0, 13).Select(i => (Prompt)$"{i}"), seed: 4);
        var growing = new BatchSchedule
        {
            First = 1,
            Last = 9,
            Steps = 6,
        };
        Prompt[] one = [.. Enumerable.Range(0, 6).SelectMany(step => order.From(growing.Before(step), growing.At(step)))];
        Prompt[] other = [.. Enumerable.Range(0, one.Length).SelectMany(step => order.Batch(step, 1))];
        Assert.Equal(other, one);

        var constant = new BatchSchedule
        {
            First = 4,
            Last = 4,
            Steps = 6,
        };
        for (int step = 0; step < 9; step++)
            Assert.Equal(order.Batch(step, 4), order.From(constant.Before(step), constant.At(step)));
    }

    [Fact]
    public void What_is_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentException>(() =>
            new BatchSchedule
            {
                First = 0,
                Last = 1,
                Steps = 1,
            }.At(0)
        );
        Assert.Throws<ArgumentException>(() =>
            new BatchSchedule
            {
                First = 1,
                Last = 1,
                Steps = 0,
            }.Before(0)
        );
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            new BatchSchedule
            {
                First = 1,
                Last = 1,
                Steps = 1,
            }.At(-1)
        );
        Assert.Throws<ArgumentOutOfRangeException>(() => new PromptOrder(["a"], 1).From(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PromptOrder(["a"], 1).From(0, 2));
    }
}
