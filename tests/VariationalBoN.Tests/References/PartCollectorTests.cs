using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

public sealed class PartCollectorTests
{
    [Theory]
    [InlineData(7, 100, 2)]
    [InlineData(3, 1000, 1)]
    [InlineData(600, 1, 256)]
    public void Parts_come_in_order_whatever_ends_first(int prompts, int samples, int promptsPerPart)
    {
        var parts = new List<DrawnPart>();
        var collector = new PartCollector(prompts, samples, parts.Add);
        int[] places = [.. Enumerable.Range(0, prompts * samples)];
        new Random(1).Shuffle(places);
        foreach (int place in places)
            collector.Add(place, Completion(place));

        Assert.Equal(
            Enumerable.Range(0, prompts * samples).Select(place => $"{place}"),
            parts.SelectMany(part => part.Completions).Select(c => c.Text)
        );
        Assert.All(
            parts,
            part =>
                Assert.Equal(
                    (Math.Min(promptsPerPart, prompts - part.FirstPrompt), 0, samples),
                    (part.Prompts, part.FirstSample, part.Samples)
                )
        );
        Assert.Equal(Enumerable.Range(0, prompts * samples).Select(place => place / samples), parts.SelectMany(part => part.Groups));
        collector.Flush();
        Assert.Equal((prompts + promptsPerPart - 1) / promptsPerPart, parts.Count); // nothing was left
    }

    [Fact]
    public void What_is_left_is_given_in_ranges_of_samples()
    {
        var parts = new List<DrawnPart>();
        var collector = new PartCollector(3, 200, parts.Add);
        foreach (int place in (int[])[.. Enumerable.Range(0, 200), 200, 202, 203, 599])
            collector.Add(place, Completion(place));
        Assert.Single(parts);

        collector.Flush();

        Assert.Equal(
            [(0, 0, 200), (1, 0, 1), (1, 2, 2), (2, 199, 1)],
            parts.Select(part => (part.FirstPrompt, part.FirstSample, part.Samples))
        );
        Assert.Equal(["200", "202", "203", "599"], parts.Skip(1).SelectMany(part => part.Completions).Select(c => c.Text));
    }

    private static Completion Completion(int place) =>
        new()
        {
            Prompt = "p",
            Text = $"{place}",
            PromptTokens = [1],
            Tokens = [1],
        };
}
