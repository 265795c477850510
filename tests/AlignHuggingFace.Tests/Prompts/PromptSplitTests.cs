using AlignHuggingFace.Prompts;
using VariationalBoN;
using VariationalBoN.Training;

namespace AlignHuggingFace.Tests.Prompts;

[Trait("Tier", "fast")]
public sealed class PromptSplitTests
{
    private const int Seed = 3;

    [Theory]
    [InlineData(2, null, 1)]
    [InlineData(20, null, 4)]
    [InlineData(5000, null, 100)]
    [InlineData(20, 7, 7)]
    [InlineData(20, 19, 19)]
    public void Prompts_are_held_out_at_equal_distances(int prompts, int? heldOut, int expected)
    {
        var file = File(prompts);
        var split = PromptSplit.Of("p.txt", file, heldOut, 1_000_000, 4, Seed);
        Assert.Equal(expected, split.HeldOut.Length);
        Assert.Equal(file.Entries.Select(entry => entry.Prompt).ToHashSet(), split.Train.Concat(split.HeldOut).ToHashSet());
        Assert.Equal(prompts, split.Train.Length + split.HeldOut.Length);
        int[] places = [.. split.HeldOut.Select(prompt => int.Parse(prompt.Text, System.Globalization.CultureInfo.InvariantCulture))];
        int[] distances = [.. places.Zip(places.Skip(1), (one, next) => next - one)];
        if (distances.Length > 0)
            Assert.InRange(distances.Max() - distances.Min(), 0, 1);
        Assert.Equal(split.Train, split.Used);
    }

    [Fact]
    public void Only_prompts_that_a_step_takes_are_used()
    {
        const int Steps = 3,
            PerStep = 4;
        var split = PromptSplit.Of("p.txt", File(100), null, Steps, PerStep, Seed);
        var order = new PromptOrder(split.Train, Seed);
        Assert.Equal(Steps * PerStep, split.Used.Length);
        for (int step = 0; step < Steps; step++)
            Assert.Subset(split.Used.ToHashSet(), order.Batch(step, PerStep).ToHashSet());
    }

    [Theory]
    [InlineData(1, null, "at least 2")]
    [InlineData(5, 5, "--held-out is 5")]
    public void Too_few_prompts_are_refused(int prompts, int? heldOut, string expected)
    {
        var e = Assert.Throws<InvalidDataException>(() => PromptSplit.Of("p.txt", File(prompts), heldOut, 1, 1, Seed));
        Assert.Contains("p.txt", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    private static PromptFile File(int prompts) =>
        new([.. Enumerable.Range(0, prompts).Select(i => (new Prompt($"{i}"), $"line {i + 1}"))], []);
}
