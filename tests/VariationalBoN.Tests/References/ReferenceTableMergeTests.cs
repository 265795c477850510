using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "torch")]
public sealed class ReferenceTableMergeTests
{
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");

    [Fact]
    public async Task Samples_of_two_seeds_add_up_and_prompts_of_both_are_kept()
    {
        ReferenceTable one = await Table(1, 5, "a", "b"),
            two = await Table(2, 7, "b", "c");

        ReferenceTable merged = one.Merge(two);

        Assert.Equal([("a", 5), ("b", 12), ("c", 7)], merged.Prompts.Select(prompt => (prompt.Prompt, prompt.Samples.Length)));
        Assert.Equal(one["b"].Samples.Concat(two["b"].Samples), merged["b"].Samples);
        Assert.Equal(one["b"].Cdf.Insert(two["b"].Rewards.AsSpan()).SortedRewards.ToArray(), merged["b"].Cdf.SortedRewards.ToArray());
        Assert.Equal(1, merged.Provenance!.Seed);
        Assert.Equal(2, Assert.Single(merged.Provenance.MoreSeeds));
        Assert.Equal((5, 7), (one["b"].Cdf.Count, two["b"].Cdf.Count));
    }

    [Theory]
    [InlineData("1", "1", "1")]
    [InlineData("1", "2", null)]
    [InlineData("1", null, null)]
    [InlineData(null, "1", null)]
    public async Task Bits_are_promised_where_both_promise_the_same(string? first, string? second, string? merged)
    {
        ReferenceTable one = await Of(1, first),
            two = await Of(2, second);

        Assert.Equal(Execution(merged), one.Merge(two).Provenance!.Execution);

        async Task<ReferenceTable> Of(long seed, string? execution)
        {
            ReferenceTable table = await Table(seed, 5, "a");
            return new(table.Prompts, table.Provenance! with { Execution = Execution(execution) });
        }

        static ModelIdentity? Execution(string? threads) => threads is null ? null : new("execution", ("threads", threads));
    }

    [Fact]
    public async Task Draws_of_one_seed_count_once()
    {
        ReferenceTable few = await Table(1, 5, "a", "b"),
            many = await Table(1, 9, "b");

        Assert.Equal([("a", 5), ("b", 9)], few.Merge(many).Prompts.Select(prompt => (prompt.Prompt, prompt.Samples.Length)));
        Assert.Equal([("b", 9), ("a", 5)], many.Merge(few).Prompts.Select(prompt => (prompt.Prompt, prompt.Samples.Length)));
        Assert.Empty(few.Merge(many).Provenance!.MoreSeeds);
        Assert.Equal(few.Prompts.SelectMany(prompt => prompt.Samples), few.Merge(few).Prompts.SelectMany(prompt => prompt.Samples));
    }

    [Fact]
    public async Task Partly_the_same_draws_are_refused_also_after_a_merge_and_a_file()
    {
        ReferenceTable merged = (await Table(1, 5, "a")).Merge(await Table(2, 5, "a"));
        string file = Path.GetTempFileName();
        try
        {
            merged.Save(file);
            var loaded = ReferenceTable.Load(file);
            Assert.Equal(merged.Provenance, loaded.Provenance);
            Assert.NotEqual(merged.Provenance, (await Table(1, 5, "a")).Provenance);
            var again = await Table(2, 5, "a");
            Assert.Contains("count twice", Assert.Throws<InvalidOperationException>(() => loaded.Merge(again)).Message);
            var third = await Table(3, 5, "a");
            Assert.Equal("2, 3", string.Join(", ", loaded.Merge(third).Provenance!.MoreSeeds));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Other_references_judges_and_kinds_are_refused_by_name()
    {
        ReferenceTable table = await Table(1, 5, "a");
        var other = new ReferenceTable(
            table.Prompts,
            table.Provenance! with
            {
                Origin = table.Provenance!.Origin with
                {
                    RewardModel = "other judge",
                    Scoring = new ScoringOptions { OnTruncated = TruncationRule.Exclude }.Identity,
                },
                Seed = 2,
            }
        );
        string message = Assert.Throws<InvalidOperationException>(() => table.Merge(other)).Message;
        Assert.Contains("reward model of the first table is word number, that of the second is other judge", message);
        Assert.Contains("scoring", message);
        Assert.DoesNotContain("reference policy", message);

        ReferenceTable imported = Imported([1, 2, 3]);
        Assert.Contains("imported", Assert.Throws<InvalidOperationException>(() => table.Merge(imported)).Message);
        Assert.Contains("copies", Assert.Throws<InvalidOperationException>(() => imported.Merge(Imported([1, 2, 3]))).Message);
        Assert.Contains(
            "texts",
            Assert
                .Throws<InvalidOperationException>(() => imported.Merge(new ReferenceTable([new ReferencePrompt("a", [4.0], ["yes"])])))
                .Message
        );
        Assert.Contains(
            "tokens",
            Assert
                .Throws<InvalidOperationException>(() =>
                    new ReferenceTable(table.Prompts).Merge(new ReferenceTable([new ReferencePrompt("a", [4.0], ["yes"])]))
                )
                .Message
        );
        Assert.Contains(
            "tolerance",
            Assert.Throws<InvalidOperationException>(() => imported.WithTieTolerance(0.1).Merge(Imported([4, 5]))).Message
        );
    }

    [Fact]
    public void Imported_tables_of_different_draws_add_up()
    {
        ReferenceTable merged = Imported([3, 1]).WithTieTolerance(0.5).Merge(Imported([2, 5]).WithTieTolerance(0.5));

        Assert.Equal([3.0, 1, 2, 5], merged["a"].Rewards.ToArray());
        Assert.Equal(0.5, merged["a"].Cdf.TieTolerance);
        Assert.Null(merged.Provenance);
    }

    [Fact]
    public void Exclusions_add_up_also_without_token_ids()
    {
        ReferenceTable few = new([new ReferencePrompt("a", [null, 3.0, null], [])]),
            more = new([new ReferencePrompt("a", [1.0, null, 2, null, null], [])]);

        Assert.Equal(5, few.Merge(more)["a"].Excluded);
        Assert.Equal([1, 3, 5], few.Merge(more)["a"].SampleIndices.AsEnumerable());
    }

    private static ReferenceTable Imported(double[] rewards) => new([new ReferencePrompt("a", rewards, [])]);

    private static Task<ReferenceTable> Table(long seed, int samples, params Prompt[] prompts) =>
        ReferenceTable.EstimateAsync(new Scorer(new WordPolicy([0.1, 0.2, 0.3, 0.4]), s_reward), prompts, samples, seed);
}
