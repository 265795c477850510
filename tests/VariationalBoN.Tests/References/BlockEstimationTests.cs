using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Policies;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.References;

/// <summary>Blocks of a model whose last bits depend on what is drawn together:
/// the same whoever draws them, and after a run that was stopped.</summary>
[Trait("Tier", "torch")]
public sealed class BlockEstimationTests : StoreFixture
{
    private static readonly Prompt[] s_prompts = ["1", "2 3", "4", "0 1 2 3", "3 3"];
    private readonly Gpt2 _model = TinyModels.Gpt2();

    [Fact]
    public async Task A_run_that_was_stopped_anywhere_goes_on_to_the_same_bits_and_judges_nothing_twice()
    {
        int rewards = 0;
        (await ReferenceTable.EstimateAsync(new Scorer(Reference(), Judge()), s_prompts, Options(Store))).Dispose();
        string[] whole = Rows(Store);
        foreach (int allowed in (int[])[300, 500, 900, 1100]) // parts are of 256 completions, or of one prompt
        {
            string stopped = Named($"stopped-{allowed}.db");
            rewards = 0;
            var failing = RewardModel.FromFunction(
                completion => ++rewards > allowed ? throw new TimeoutException("gone") : Reward(completion),
                "sum"
            );
            await Assert.ThrowsAsync<RewardModelException>(() =>
                ReferenceTable.EstimateAsync(new Scorer(Reference(), failing), s_prompts, Options(stopped))
            );
            int kept = Kept(stopped);
            Assert.InRange(kept, 1, whole.Length - 1);
            rewards = 0;
            (await ReferenceTable.EstimateAsync(new Scorer(Reference(), Judge()), s_prompts, Options(stopped))).Dispose();
            Assert.Equal(whole, Rows(stopped));
            Assert.Equal((whole.Length - kept) * 160, rewards);
        }

        IRewardModel Judge() =>
            RewardModel.FromFunction(
                completion =>
                {
                    rewards++;
                    return Reward(completion);
                },
                "sum"
            );
    }

    [Fact]
    public async Task Shards_and_blocks_that_anybody_draws_have_the_bits_of_one_run()
    {
        var source = new PolicyCompletionSource(Reference(), new Scorer(Reference(), s_judge));
        (await ReferenceTable.EstimateAsync(source, s_prompts, Options(Store))).Dispose();
        var parallel = new PolicyCompletionSource(Reference(threads: 2), new Scorer(Reference(), s_judge));
        foreach (int index in (int[])[1, 0])
            (
                await ReferenceTable.EstimateAsync(
                    index == 1 ? parallel : source,
                    s_prompts,
                    new Shard(index, 2).Cut(Options(Named("many.db")))
                )
            ).Dispose();
        Shard.Merge(Named("many.db"), 2);
        Assert.Equal(Rows(Store), Rows(Named("many.db")));

        using var table = ReferenceTable.Load(Store);
        foreach (DrawBlock block in DrawBlock.Cut(s_prompts, Options(Store)).Reverse())
        {
            ScoredBatch drawn = await block.DrawAsync(source, new DrawSeed(7, DrawPurpose.Reference));
            Assert.Equal(
                block.Prompts.SelectMany(prompt => table[prompt].Samples.Skip(block.FirstSample).Take(block.Samples)).Select(Bits),
                drawn.Select(Bits)
            );
        }

        static string Bits(ScoredCompletion item) =>
            $"{item.Completion.Prompt}|{string.Join(' ', item.Completion.Tokens)}|{BitConverter.DoubleToInt64Bits(item.LogReference)}|{BitConverter.DoubleToInt64Bits(item.Reward)}";
    }

    [Fact]
    public async Task A_larger_table_draws_the_blocks_that_are_missing_and_one_of_other_cuts_only_what_is_missing_of_them()
    {
        (await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, Options(Store))).Dispose();
        string grown = Named("grown.db"),
            odd = Named("odd.db");
        (
            await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, Options(grown) with { SamplesPerPrompt = 160 })
        ).Dispose();
        (await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, Options(grown))).Dispose();
        Assert.Equal(Rows(Store), Rows(grown));

        (
            await ReferenceTable.EstimateAsync(
                new Scorer(Reference(), s_judge),
                s_prompts,
                Options(odd) with
                {
                    SamplesPerPrompt = 100,
                    SamplesPerBlock = null,
                }
            )
        ).Dispose();
        using var table = await ReferenceTable.EstimateAsync(
            new Scorer(Reference(), s_judge),
            s_prompts,
            Options(odd) with
            {
                Storage = s_accepting,
            }
        );
        Assert.All(table.Prompts, prompt => Assert.Equal(Enumerable.Range(0, 320), prompt.SampleIndices));
    }

    [Fact]
    public async Task Samples_of_another_execution_are_refused_where_bits_are_promised()
    {
        ReferenceTableOptions options = Options(Store) with { SamplesPerPrompt = 160 };
        (await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, options)).Dispose();
        ReferenceProvenance here;
        using (var table = ReferenceTable.Load(Store))
            here = table.Provenance!;
        Assert.Equal(TorchRuntime.Execution, here.Execution);
        var other = new ModelIdentity(
            "execution",
            [.. here.Execution!.Settings.Select(pair => (pair.Key, pair.Key == "threads" ? 77 : pair.Value))]
        );

        var refused = Assert.Throws<InvalidOperationException>(() => ReferenceStore.Open(Store, here with { Execution = other }));
        Assert.Contains("in the other 77", refused.Message);
        Assert.Contains(nameof(ReferenceStoreOptions.AcceptOtherExecution), refused.Message);
        Assert.Contains(
            "promises the bits of one execution",
            Assert.Throws<InvalidOperationException>(() => ReferenceStore.Open(Store, here with { Execution = null })).Message
        );
        ReferenceStore.Open(Store, here with { Execution = other }, new() { AcceptOtherExecution = true }).Dispose();
        ReferenceStore.Open(Store, here).Dispose(); // nothing was added, so that its promise stands

        using (ReferenceStore stranger = ReferenceStore.Open(Named("stranger.db"), here with { Execution = other }))
            stranger.Append([Samples("1", 0, 4)], firstSample: 160);
        Assert.Contains(
            "in the other",
            Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Named("both.db"), [Store, Named("stranger.db")])).Message
        );
        Assert.Equal(6, ReferenceStore.Merge(Named("joined.db"), [Store, Named("stranger.db")], new() { AcceptOtherExecution = true }));
        using var joined = ReferenceTable.Load(Named("joined.db"));
        Assert.Null(joined.Provenance!.Execution);
    }

    [Fact]
    public async Task A_store_of_another_execution_is_read_anywhere_and_gone_on_with_where_last_digits_do_not_matter()
    {
        ReferenceTableOptions options = Options(Store) with { SamplesPerPrompt = 160 };
        string elsewhere = Named("elsewhere.db");
        using (var table = await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, options))
        using (var store = ReferenceStore.Open(elsewhere, table.Provenance! with { Execution = new("execution", ("threads", 77)) }))
            store.Append([.. table.Prompts.Select(prompt => new ReferencePrompt(prompt.Prompt, prompt.Samples))]);

        (await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, options with { Store = elsewhere })).Dispose();
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, Options(elsewhere))
        );
        Assert.Contains("refuses the samples drawn here", refused.Message);
        Assert.Contains("threads is 77, in the other", refused.Message);
        ReferenceTableOptions accepting = Options(elsewhere) with { Storage = s_accepting };
        using var grown = await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, accepting);
        Assert.All(grown.Prompts, prompt => Assert.Equal(320, prompt.Samples.Length));
        Assert.Null(grown.Provenance!.Execution); // of two executions it is of none
        await AssertRefused(Options(elsewhere) with { SamplesPerPrompt = 480 }, "does not say under which execution");
    }

    [Fact]
    public async Task A_store_that_promises_no_bits_takes_no_blocks_unless_last_digits_do_not_matter()
    {
        ReferenceTableOptions before = Options(Store) with { SamplesPerPrompt = 160, SamplesPerBlock = null }; // as those of before
        (await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, before)).Dispose();
        string[] rows = Rows(Store);
        (
            await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, Options(Store) with { SamplesPerPrompt = 160 })
        ).Dispose();

        await AssertRefused(Options(Store), "does not say under which execution");
        Assert.Equal(rows, Rows(Store));

        (await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, before with { SamplesPerPrompt = 200 })).Dispose();
        using var table = await ReferenceTable.EstimateAsync(
            new Scorer(Reference(), s_judge),
            s_prompts,
            Options(Store) with
            {
                Storage = s_accepting,
            }
        );
        Assert.All(table.Prompts, prompt => Assert.Equal(320, prompt.Samples.Length));
        Assert.Null(table.Provenance!.Execution);
    }

    [Fact]
    public async Task A_store_that_promises_bits_takes_no_samples_without_them()
    {
        ReferenceTableOptions blocks = Options(Store) with { SamplesPerPrompt = 160 };
        (await ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, blocks)).Dispose();
        string[] rows = Rows(Store);

        await AssertRefused(Options(Store) with { SamplesPerBlock = null }, "promises the bits of one execution");

        Assert.Equal(rows, Rows(Store));
        using ReferenceStore none = ReferenceStore.Open(
            Named("none.db"),
            new ReferenceProvenance(new Scorer(Reference(), s_judge).Origin, 7)
        );
        none.Append([Samples("1", 0, 4)], firstSample: 160);
        none.Close();
        Assert.Contains(
            "promises the bits of one execution",
            Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Store, [Named("none.db")])).Message
        );
        Assert.Equal(1, ReferenceStore.Merge(Store, [Named("none.db")], s_accepting));
        using var table = ReferenceTable.Load(Store);
        Assert.Null(table.Provenance!.Execution);
    }

    /// <summary>As a process leaves one that is killed before its first batch.</summary>
    [Fact]
    public async Task An_empty_store_takes_nothing_but_what_it_was_made_for()
    {
        ReferenceTableOptions options = Options(Store) with { SamplesPerPrompt = 160 };
        var scorer = new Scorer(Reference(), s_judge);
        var made = new ReferenceProvenance(scorer.Origin, options.Seed) { Execution = TorchRuntime.Execution };
        ReferenceStore.Open(Store, made).Dispose();

        foreach (
            (ReferenceProvenance? other, string named) in (ReadOnlySpan<(ReferenceProvenance?, string)>)
                [
                    (made with { Seed = 8 }, "seed"),
                    (made with { Origin = made.Origin with { RewardModel = "another" } }, "reward model"),
                    (made with { Origin = made.Origin with { Reference = "another" } }, "reference"),
                    (made with { Execution = "another" }, "another execution"),
                    (made with { Execution = null }, "promises the bits"),
                    (null, "is not known"),
                ]
        )
            Assert.Contains(named, Assert.Throws<InvalidOperationException>(() => ReferenceStore.Open(Store, other)).Message);
        await AssertRefused(options with { Seed = 8 }, "seed");
        await AssertRefused(options with { SamplesPerBlock = null }, "promises the bits");
        ReferenceStore.Open(Named("shard.db"), made with { Seed = 8 }).Dispose();
        Assert.Contains("seed", Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Store, [Named("shard.db")])).Message);
        Assert.Empty(Rows(Store));

        using var table = await ReferenceTable.EstimateAsync(scorer, s_prompts, options);
        Assert.Equal(made, table.Provenance);
    }

    public override void Dispose()
    {
        _model.Dispose();
        base.Dispose();
    }

    [Fact]
    public void Stores_of_different_executions_do_not_merge_whatever_stands_first()
    {
        var none = new ReferenceProvenance(new Scorer(Reference(), s_judge).Origin, 7);
        string[] stores = [Named("none.db"), Named("a.db"), Named("b.db")];
        foreach ((string path, ModelIdentity? execution) in stores.Zip((ModelIdentity?[])[null, "a", "b"]))
            ReferenceStore.Open(path, none with { Execution = execution }).Dispose();

        Assert.Contains(
            "promises the bits of one execution",
            Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Named("all.db"), stores)).Message
        );
        foreach (
            string[] two in (string[][])
                [
                    [stores[0], stores[1]],
                    [stores[1], stores[0]],
                ]
        )
            Assert.Contains(
                "promises the bits of one execution",
                Assert.Throws<InvalidOperationException>(() => ReferenceStore.Merge(Named("two.db"), two)).Message
            );
    }

    private static readonly IRewardModel s_judge = RewardModel.FromFunction(Reward, "sum");

    private static readonly ReferenceStoreOptions s_accepting = new() { FlushToDisk = false, AcceptOtherExecution = true };

    private async Task AssertRefused(ReferenceTableOptions options, string named) =>
        Assert.Contains(
            named,
            (
                await Assert.ThrowsAsync<InvalidOperationException>(() =>
                    ReferenceTable.EstimateAsync(new Scorer(Reference(), s_judge), s_prompts, options)
                )
            ).Message
        );

    private static double Reward(Completion completion) => completion.Tokens.Sum() / 7.0;

    private static ReferenceTableOptions Options(string store) =>
        new()
        {
            SamplesPerPrompt = 320,
            SamplesPerBlock = 160,
            PromptsPerBatch = 3,
            Seed = 7,
            Store = store,
            Storage = new() { FlushToDisk = false },
        };

    private static int Kept(string store) => File.Exists(store) ? Rows(store).Length : 0;

    private CausalLmPolicy Reference(int threads = 1)
    {
        foreach (var parameter in _model.parameters())
            parameter.requires_grad = false;
        return new(
            _model,
            new NumberTokenizer(TinyModels.Vocabulary),
            new GenerationOptions
            {
                MaxNewTokens = 6,
                StopTokens = [5],
                RowsPerBatch = 16,
                RowsPerUnit = 64,
                DegreeOfParallelism = threads,
            }
        );
    }
}
