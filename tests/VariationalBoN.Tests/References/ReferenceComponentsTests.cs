using System.Collections.Immutable;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

/// <summary>Named parts of rewards, kept beside them.</summary>
[Trait("Tier", "torch")]
public sealed class ReferenceComponentsTests : StoreFixture
{
    private static readonly double[] s_words = [0.25, 0.25, 0.5];

    [Fact]
    public async Task Parts_of_a_weighted_reward_are_kept_cut_and_saved()
    {
        var style = RewardModel.FromFunction(c => c.Tokens[0] == 2 ? double.NaN : 10.0 * c.Tokens[0], "style");
        var reward = new WeightedRewardModel([
            new("words", RewardModel.FromFunction(WordPolicy.Reward, "words"), 1),
            new("style", style, 0.5),
        ]);
        var options = new ReferenceTableOptions { SamplesPerPrompt = 60, Seed = 2 };
        var scorer = new Scorer(new WordPolicy(s_words), reward, new ScoringOptions { OnFailure = RewardFailure.Exclude });
        var memory = await ReferenceTable.EstimateAsync(scorer, ["a", "b"], options);
        Assert.All(
            memory.Prompts,
            prompt =>
            {
                Assert.InRange(prompt.Excluded, 1, 59);
                Assert.Equal(["style", "words"], prompt.Components.Keys);
                Assert.Equal(
                    prompt.Rewards,
                    prompt.Components["words"].Zip(prompt.Components["style"], (a, b) => a!.Value + (0.5 * b!.Value))
                );
            }
        );
        (await ReferenceTable.EstimateAsync(scorer, ["a", "b"], options with { Store = Store, SamplesPerPrompt = 90 })).Dispose();
        using var part = await ReferenceTable.EstimateAsync(scorer, ["a", "b"], options with { Store = Store });
        memory.Save(Named("file"));
        var loaded = ReferenceTable.Load(Named("file"));
        foreach (Prompt prompt in (string[])["a", "b"])
        {
            AssertSame(memory[prompt], part[prompt]);
            AssertSame(memory[prompt], loaded[prompt]);
        }

        memory.Save(Named("theirs"), ReferenceTableFormat.RowPerPrompt);
        Assert.DoesNotContain("components", File.ReadAllText(Named("theirs")));
    }

    [Fact]
    public void Parts_that_only_some_records_have_are_joined_with_gaps()
    {
        ReferencePrompt plain = new("a", [1.0, 2], []),
            styled = new("a", [3.0], [], components: Style(7));
        using (var store = Open(Store))
        {
            store.Append([plain]);
            store.Append([styled], 2);
        }

        using var table = ReferenceTable.Load(Store);
        Assert.Equal([null, null, 7.0], table["a"].Components["style"].AsEnumerable());
        Assert.Equal(
            [7.0, null, null],
            new ReferenceTable([styled]).Merge(new ReferenceTable([plain]))["a"].Components["style"].AsEnumerable()
        );
    }

    [Fact]
    public void Parts_that_do_not_fit_the_rewards_are_refused()
    {
        Assert.Contains(
            "2 rewards but 1 values",
            Assert.Throws<ArgumentException>(() => new ReferencePrompt("a", [1.0, 2], [], components: Style(1))).Message
        );
        Assert.Contains(
            "not finite",
            Assert.Throws<ArgumentException>(() => new ReferencePrompt("a", [1.0], [], components: Style(double.NaN))).Message
        );
    }

    private static IEnumerable<KeyValuePair<string, ImmutableArray<double?>>> Style(params double?[] values) => [new("style", [.. values])];
}
