using VariationalBoN.References;

namespace VariationalBoN.Tests.References;

/// <summary>The code of docs/reference-store.md, run in a folder of its own.</summary>
[Trait("Tier", "torch")]
[Collection(nameof(ReferenceStoreExample))]
public sealed class ReferenceStoreExample : StoreFixture
{
    private static readonly IPolicy reference = new WordPolicy([0.25, 0.75]);
    private static readonly IRewardModel reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");
    private static readonly Prompt[] prompts = ["a", "b"];

    [Fact]
    public async Task Documented_calls_work()
    {
        string path = Named("references.db"),
            other = Named("theirs.db"),
            theirs = Named("their-rewards.jsonl");

        // snippet: estimate
        using var table = await ReferenceTable.EstimateAsync(
            new Scorer(reference, reward),
            prompts,
            new ReferenceTableOptions
            {
                SamplesPerPrompt = 256,
                Seed = 1,
                Store = path, // goes on where it was stopped
                Progress = new Progress<ReferenceTableProgress>(Console.WriteLine), // 5,120 of 25,600 samples, 85.3 a second, 0:04:00 left
            }
        );
        // end snippet

        var rest = new ReferenceTableOptions
        {
            SamplesPerPrompt = 256,
            FirstSample = 256,
            Seed = 1,
            Store = Named("half"),
        };
        using var half = await ReferenceTable.EstimateAsync(new Scorer(reference, reward), prompts, rest);
        string[] shards = [path, Named("half")];
        string joined = Named("joined");

        // snippet: merge
        int copied = ReferenceStore.Merge(joined, shards);
        // end snippet

        Assert.Equal(4, copied);
        using var all = ReferenceTable.Load(joined);
        Assert.Equal(512, all["a"].Rewards.Length);

        // snippet: export
        table.Save(theirs, ReferenceTableFormat.RowPerSample);
        // end snippet

        for (int call = 0; call < 2; call++)
            Keep(other, theirs);
        using var imported = ReferenceTable.Load(other);
        Assert.Equal(table["b"].Rewards.ToArray(), imported["b"].Rewards.ToArray());
        Assert.Equal(table["b"].Responses.ToArray(), imported["b"].Responses.ToArray());

        var provenance = table.Provenance;
        string folder = Path.Combine(AppContext.BaseDirectory, "Golden", "store-0.1", "plain"),
            old = Named("old.db");

        // snippet: import
        ReferenceStore.Import(folder, old, provenance); // the identities that the rewards have now
        // end snippet

        Assert.Equal(provenance, ReferenceTable.Load(old).Provenance);
    }

    [Fact]
    public async Task Documented_shards_join_to_the_store_of_one_process()
    {
        string path = Named("references.db"),
            one = Named("one.db");
        var scorer = new Scorer(reference, reward);
        foreach (int index in (int[])[2, 0, 1])
        {
            if (index == 1)
                await WholeAsync(new Shard(index, 3));
            else
                (
                    await ReferenceTable.EstimateAsync(
                        scorer,
                        prompts,
                        new Shard(index, 3).Cut(
                            new()
                            {
                                SamplesPerPrompt = 256,
                                SamplesPerBlock = 16,
                                Seed = 1,
                                Store = path,
                            }
                        )
                    )
                ).Dispose();
        }

        (
            await ReferenceTable.EstimateAsync(
                scorer,
                prompts,
                new ReferenceTableOptions
                {
                    SamplesPerPrompt = 256,
                    SamplesPerBlock = 16,
                    Seed = 1,
                    Store = one,
                }
            )
        ).Dispose();
        Assert.Equal(Rows(one), Rows(path));

        async Task WholeAsync(Shard shard)
        {
            // snippet: shards
            var whole = new ReferenceTableOptions
            {
                SamplesPerPrompt = 256,
                SamplesPerBlock = 16,
                Seed = 1,
                Store = path,
            };

            // In each process: references.3-of-8.db, which goes on after a kill.
            using (await ReferenceTable.EstimateAsync(scorer, prompts, shard.Cut(whole))) // Shard.FromEnvironment(), or Shard.Parse("3/8")
            { }

            // When all have ended: references.db, to the last bit that of one process.
            Shard.Merge(path);
            using var table = await ReferenceTable.EstimateAsync(scorer, prompts, whole); // draws what is missing, here nothing
            // end snippet

            Assert.Equal(256, table["a"].Rewards.Length);
        }
    }

    private static void Keep(string other, string theirs)
    {
        // snippet: keep
        using var store = ReferenceStore.Open(other, provenance: null);
        foreach (var batch in ReferenceTable.Load(theirs).Prompts.Where(prompt => store.Missing(prompt.Prompt, 0, 1).Count > 0).Chunk(64))
            store.Append(batch); // those that an earlier call has added are left out
        // end snippet
    }
}
