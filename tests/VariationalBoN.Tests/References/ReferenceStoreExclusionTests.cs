using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

/// <summary>Samples that are left out: which they are, and what is left when they are all there is.</summary>
[Trait("Tier", "torch")]
public sealed class ReferenceStoreExclusionTests : StoreFixture
{
    private const int Seed = 3;
    private static readonly double[] s_words = [0.1, 0.2, 0.3, 0.4];
    private static readonly Prompt[] s_prompts = [.. Enumerable.Range(0, 7).Select(i => $"p{i}")];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");

    [Fact]
    public async Task Prompt_without_a_reward_is_named_once_all_is_drawn_and_the_others_are_kept()
    {
        var picky = RewardModel.FromFunction(c => c.Prompt.Text is "p1" or "p2" ? double.NaN : WordPolicy.Reward(c), "word number");
        var options = Options(Store, 6);
        var scoring = new ScoringOptions { OnFailure = RewardFailure.Exclude };
        var first = new WordPolicy(s_words);
        string message = (
            await Assert.ThrowsAsync<RewardModelException>(() =>
                ReferenceTable.EstimateAsync(new Scorer(first, picky, scoring), s_prompts, options)
            )
        ).Message;
        Assert.Contains("2 of 7 prompts", message);
        Assert.Contains("\"p1\", \"p2\"", message);
        Assert.Contains($"kept in {Store}", message);
        Assert.Equal(4, first.Seeds.Count);

        var again = new WordPolicy(s_words);
        Assert.Equal(
            message,
            (
                await Assert.ThrowsAsync<RewardModelException>(() =>
                    ReferenceTable.EstimateAsync(new Scorer(again, picky, scoring), s_prompts, options)
                )
            ).Message
        );
        Prompt[] others = [.. s_prompts.Except(["p1", "p2"])];
        using (var some = await ReferenceTable.EstimateAsync(new Scorer(again, picky, scoring), others, options))
            Assert.Equal(others, some.Prompts.Select(prompt => prompt.Prompt));
        Assert.Empty(again.Seeds);

        using var loaded = ReferenceTable.Load(Store);
        Assert.Equal(others, loaded.Prompts.Select(prompt => prompt.Prompt));
        Assert.Equal("p3", loaded["p3"].Prompt);
        Assert.Contains("no reward", Assert.Throws<KeyNotFoundException>(() => loaded["p1"]).Message);
        Assert.Equal(7, ReferenceStore.Merge(Named("copy"), [Store]));
        Assert.Equal(Rows(Store), Rows(Named("copy")));
    }

    [Fact]
    public void Store_whose_samples_have_no_reward_says_so()
    {
        using (var store = Open(Store))
            store.Append([new ReferencePrompt("a", [null, null], [])]);
        Assert.Contains("no reward", Assert.Throws<InvalidDataException>(() => ReferenceTable.Load(Store)).Message);
        Assert.Contains(
            "\"a\"",
            Assert.Throws<ArgumentException>(() => new ReferenceTable([new ReferencePrompt("a", [null, null], [])])).Message
        );
        Assert.Contains(
            "1 rewards but 2 responses",
            Assert.Throws<ArgumentException>(() => new ReferencePrompt("a", [1.0, (double?)null], ["x", "y"])).Message
        );
        Assert.Contains("M = 0", Assert.Throws<ArgumentException>(() => new ReferencePrompt("a", Array.Empty<double>(), [])).Message);
    }

    [Fact]
    public async Task One_more_sample_that_is_excluded_costs_a_prompt_nothing()
    {
        var cut = new WordPolicy(s_words, 3);
        var scoring = new ScoringOptions { OnTruncated = TruncationRule.Exclude };
        (await ReferenceTable.EstimateAsync(new Scorer(cut, s_reward, scoring), s_prompts, Options(Store, 20))).Dispose();
        using var more = await ReferenceTable.EstimateAsync(new Scorer(cut, s_reward, scoring), s_prompts, Options(Store, 21));
        var once = await ReferenceTable.EstimateAsync(new Scorer(cut, s_reward, scoring), s_prompts, Options(null, 21));
        Assert.Contains(more.Prompts, prompt => !prompt.SampleIndices.Contains(20));
        Assert.All(more.Prompts.Zip(once.Prompts), pair => AssertSame(pair.Second, pair.First));
    }

    [Fact]
    public async Task Fewer_samples_of_a_larger_store_are_those_of_a_fresh_one()
    {
        var failing = RewardModel.FromFunction(c => c.Tokens[0] == 2 ? double.NaN : WordPolicy.Reward(c), "word number");
        var scoring = new ScoringOptions { OnFailure = RewardFailure.Exclude };
        foreach (int samples in (int[])[40, 90])
            (
                await ReferenceTable.EstimateAsync(
                    new Scorer(new WordPolicy(s_words), failing, scoring),
                    s_prompts,
                    Options(Store, samples)
                )
            ).Dispose();
        string[] whole = Rows(Store);
        foreach ((int first, int count) in ((int, int)[])[(0, 17), (0, 40), (0, 64), (0, 90), (25, 30), (40, 7)])
        {
            var reference = new WordPolicy(s_words);
            var options = Options(Store, count) with { FirstSample = first };
            using var part = await ReferenceTable.EstimateAsync(new Scorer(reference, failing, scoring), s_prompts, options);
            Assert.Empty(reference.Seeds);
            using var fresh = await ReferenceTable.EstimateAsync(
                new Scorer(reference, failing, scoring),
                s_prompts,
                options with
                {
                    Store = Named($"{first} {count}"),
                }
            );
            Assert.All(
                part.Prompts.Zip(fresh.Prompts),
                pair =>
                {
                    AssertSame(pair.Second, pair.First);
                    Assert.Equal(pair.Second.SampleIndices.AsEnumerable(), pair.First.SampleIndices);
                    Assert.Equal(count, pair.First.Excluded + pair.First.Rewards.Length);
                    var drawn = reference.Sample([pair.First.Prompt], first + count, new DrawSeed(Seed, DrawPurpose.Reference));
                    Assert.Equal(pair.First.Rewards, pair.First.SampleIndices.Select(index => WordPolicy.Reward(drawn[index])));
                    Assert.All(pair.First.SampleIndices, index => Assert.InRange(index, first, first + count - 1));
                }
            );
            Assert.Equal(fresh.BestOf(3).LogCdf("p2", 1), part.BestOf(3).LogCdf("p2", 1));
        }

        Assert.Equal(whole, Rows(Store));
        using var all = ReferenceTable.Load(Store);
        Assert.All(all.Prompts, prompt => Assert.Equal(90, prompt.Excluded + prompt.Rewards.Length));
    }

    private static ReferenceTableOptions Options(string? store, int samples) =>
        new()
        {
            SamplesPerPrompt = samples,
            Seed = Seed,
            PromptsPerBatch = 2,
            Store = store,
            Storage = new() { FlushToDisk = false },
        };
}
