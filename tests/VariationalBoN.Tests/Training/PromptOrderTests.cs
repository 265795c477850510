using CsCheck;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "fast")]
public sealed class PromptOrderTests
{
    private static readonly Gen<(int Prompts, int Count, long Seed)> s_cases =
        from prompts in Gen.Int[1, 40]
        from count in Gen.Int[1, prompts]
        from seed in Gen.Long
        select (prompts, count, seed);

    [Fact]
    public void Steps_go_through_whole_passes() =>
        s_cases.Sample(
            drawn =>
            {
                Prompt[] prompts = [.. Enumerable.Range(0, drawn.Prompts).Select(i => $"p{i}")];
                var order = new PromptOrder(prompts, drawn.Seed);
                // exactly count passes
                Prompt[] seen = [.. Enumerable.Range(0, drawn.Prompts).SelectMany(step => order.Batch(step, drawn.Count))];
                return seen.Chunk(drawn.Prompts).All(pass => pass.ToHashSet().SetEquals(prompts));
            },
            iter: 2_000
        );

    [Fact]
    public void A_step_is_the_same_whatever_was_asked_before()
    {
        Prompt[] prompts = [.. Enumerable.Range(0, 10).Select(i => $"p{i}")];
        var order = new PromptOrder(prompts, seed: 1);
        Prompt[] later = [.. order.Batch(17, 4)];
        order.Batch(3, 4);

        Assert.Equal(later, order.Batch(17, 4));
        Assert.Equal(later, new PromptOrder(prompts, seed: 1).Batch(17, 4));
        Assert.NotEqual(order.Batch(0, 10), order.Batch(1, 10));
        Assert.NotEqual(order.Batch(0, 10), new PromptOrder(prompts, seed: 2).Batch(0, 10));
    }

    [Fact]
    public void Steps_of_different_sizes_go_through_one_endless_order()
    {
        var order = new BatchOrder<int>(Enumerable.Range(0, 5), seed: 1);
        int[] endless = [.. Enumerable.Range(0, 20).SelectMany(place => order.From(place, 1))];

        Assert.Equal(endless.Take(8), order.From(0, 3).Concat(order.From(3, 5)));
        Assert.Equal(endless[3..8], order.From(3, 5));
        Assert.Equal(endless[12..16], order.Batch(3, 4));
        Assert.All(endless.Chunk(5), pass => Assert.Equal([0, 1, 2, 3, 4], pass.Order()));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.From(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.From(0, 6));
    }

    [Fact]
    public void Every_place_is_equally_likely()
    {
        Prompt[] prompts = ["a", "b", "c"];
        var counts = new Dictionary<string, int>();
        for (int seed = 0; seed < 6000; seed++)
        {
            string key = string.Concat(new PromptOrder(prompts, seed).Batch(0, 3));
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        Assert.Equal(6, counts.Count);
        // chi-square with 5 degrees of freedom: above 22 with probability 5e-4
        Assert.InRange(counts.Values.Sum(count => Math.Pow(count - 1000, 2) / 1000), 0, 22);
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new PromptOrder([], 1));
        var order = new PromptOrder(["a"], 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Batch(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Batch(0, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => order.Batch(0, 0));
    }
}
