using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "torch")]
public sealed class ReferenceStoreEstimationTests : StoreFixture
{
    private static readonly double[] s_words = [0.1, 0.2, 0.3, 0.4];
    private static readonly Prompt[] s_prompts = [.. Enumerable.Range(0, 7).Select(i => $"p{i}")];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");

    [Fact]
    public async Task Table_of_a_store_is_that_in_memory_and_loads_again()
    {
        var memory = await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), s_prompts, Options(store: null));
        using var table = await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), s_prompts, Options());
        using var loaded = ReferenceTable.Load(Store);
        for (int i = 0; i < s_prompts.Length; i++)
        {
            AssertSame(memory.Prompts[i], table.Prompts[i]);
            AssertSame(memory.Prompts[i], loaded[s_prompts[i]]);
        }

        loaded.RequireMatch(new Scorer(new WordPolicy(s_words), s_reward));
    }

    [Fact]
    public async Task Run_that_was_stopped_goes_on_to_the_same_rows_without_drawing_twice()
    {
        (await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), s_prompts, Options())).Dispose();
        string[] whole = Rows(Store);
        for (int calls = 1; calls <= 4; calls++)
        {
            string stopped = Named($"stopped{calls}");
            int left = calls;
            var failing = RewardModel.FromFunction(
                c => c.Prompt == s_prompts[2 * (calls - 1)] ? throw new TimeoutException("gone") : WordPolicy.Reward(c),
                "word number"
            );
            await Assert.ThrowsAsync<RewardModelException>(() =>
                ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), failing), s_prompts, Options(stopped))
            );
            var seen = new List<ReferenceTableProgress>();
            var reference = new WordPolicy(s_words);
            (
                await ReferenceTable.EstimateAsync(
                    new Scorer(reference, s_reward),
                    s_prompts,
                    Options(stopped) with
                    {
                        Progress = new Recorder(seen),
                    }
                )
            ).Dispose();
            Assert.Equal(5 - calls, reference.Seeds.Count);
            Assert.Equal(whole, Rows(stopped));
            Assert.Equal((calls - 1) * 2 * 6, seen[0].SamplesDone);
            Assert.Equal((7, 42L, (calls - 1) * 12L), (seen[^1].PromptsDone, seen[^1].SamplesDone, seen[^1].SamplesFound));
            Assert.Equal(1, seen[^1].Share);
        }
    }

    [Fact]
    public async Task Samples_are_added_to_those_that_are_there()
    {
        (await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), s_prompts[..4], Options())).Dispose();
        var reference = new WordPolicy(s_words);
        using var more = await ReferenceTable.EstimateAsync(
            new Scorer(reference, s_reward),
            s_prompts,
            Options() with
            {
                SamplesPerPrompt = 20,
            }
        );
        Assert.Equal([0, 0, 6, 6], reference.Seeds.Select(seed => seed.FirstSample));
        var once = await ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), s_reward),
            s_prompts,
            Options(store: null) with
            {
                SamplesPerPrompt = 20,
            }
        );
        Assert.All(once.Prompts.Zip(more.Prompts), pair => AssertSame(pair.First, pair.Second));
    }

    [Fact]
    public async Task Processes_share_the_samples_of_a_prompt()
    {
        foreach (int first in (int[])[0, 6])
            (
                await ReferenceTable.EstimateAsync(
                    new Scorer(new WordPolicy(s_words), s_reward),
                    s_prompts,
                    Options(Named($"{first}")) with
                    {
                        FirstSample = first,
                    }
                )
            ).Dispose();
        ReferenceStore.Merge(Store, [Named("0"), Named("6")]);
        var reference = new WordPolicy(s_words);
        using var table = await ReferenceTable.EstimateAsync(
            new Scorer(reference, s_reward),
            s_prompts,
            Options() with
            {
                SamplesPerPrompt = 12,
            }
        );
        Assert.Empty(reference.Seeds);
        var once = await ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), s_reward),
            s_prompts,
            Options(store: null) with
            {
                SamplesPerPrompt = 12,
            }
        );
        Assert.All(once.Prompts.Zip(table.Prompts), pair => AssertSame(pair.First, pair.Second));
    }

    [Fact]
    public async Task Excluded_samples_are_not_drawn_again()
    {
        var failing = RewardModel.FromFunction(c => c.Tokens[0] == 3 ? double.NaN : c.Tokens[0], "word number");
        var options = Options() with { SamplesPerPrompt = 50 };
        var scoring = new ScoringOptions { OnFailure = RewardFailure.Exclude };
        using (var table = await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), failing, scoring), s_prompts, options))
            Assert.All(table.Prompts, prompt => Assert.InRange(prompt.Excluded, 1, 49));
        var reference = new WordPolicy(s_words);
        using var again = await ReferenceTable.EstimateAsync(new Scorer(reference, failing, scoring), s_prompts, options);
        Assert.Empty(reference.Seeds);
        Assert.All(again.Prompts, prompt => Assert.Equal(50, prompt.Excluded + prompt.Rewards.Length));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Service_that_is_away_excludes_nothing_for_good(bool drawnElsewhere)
    {
        bool isAway = true;
        var told = new List<string>();
        var seen = new List<ReferenceTableProgress>();
        var reward = RewardModel.FromFunction(
            c =>
                isAway && c.Prompt == "p3" ? throw new HttpRequestException("refused")
                : c.Tokens[0] == 3 ? double.NaN
                : WordPolicy.Reward(c),
            "word number"
        );
        var options = Options() with { SamplesPerPrompt = 20, Progress = new Recorder(seen) };
        var scoring = new ScoringOptions
        {
            OnFailure = RewardFailure.Exclude,
            BatchSize = 20,
            Logger = HeardLog.Warnings(told.Add),
        };

        var e = await Assert.ThrowsAsync<RewardModelException>(() => Estimate(options));
        Assert.Contains("the fault is the service's", e.Message);
        Assert.Equal(40, seen[^1].SamplesDone); // p0 and p1 are kept, p2 is of the batch that failed
        Assert.NotEmpty(told); // of NaN
        Assert.All(told, exclusion => Assert.Contains("NaN", exclusion));

        isAway = false;
        using ReferenceTable resumed = await Estimate(options);
        ReferenceTable once = await Estimate(options with { Store = null });
        Assert.All(
            once.Prompts.Zip(resumed.Prompts),
            pair => Assert.Equal((pair.First.Excluded, pair.First.Rewards.Length), (pair.Second.Excluded, pair.Second.Rewards.Length))
        );
        Assert.Equal(once.Prompts.Sum(prompt => (long)prompt.Excluded), seen[^1].Excluded); // in memory all are of this call

        isAway = true; // in memory as well: it is no fault of a completion
        Assert.Contains(
            "the fault is the service's",
            (await Assert.ThrowsAsync<RewardModelException>(() => Estimate(options with { Store = null }))).Message
        );

        Task<ReferenceTable> Estimate(ReferenceTableOptions options)
        {
            var reference = new WordPolicy(s_words);
            return drawnElsewhere
                ? ReferenceSamples.EstimateAsync(
                    "words",
                    (prompts, count, seed, token) => Task.FromResult(reference.Sample(prompts, count, seed, token)),
                    reward,
                    s_prompts,
                    options,
                    scoring
                )
                : ReferenceTable.EstimateAsync(new Scorer(reference, reward, scoring), s_prompts, options);
        }
    }

    [Fact]
    public async Task Table_has_the_prompts_asked_for_and_the_store_all()
    {
        (await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), s_prompts, Options())).Dispose();
        using var some = await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), ["p5", "p2"], Options());
        Assert.Equal(["p5", "p2"], some.Prompts.Select(prompt => prompt.Prompt));
        Assert.Throws<KeyNotFoundException>(() => some["p1"]);
        using var all = ReferenceTable.Load(Store);
        Assert.Equal(s_prompts, all.Prompts.Select(prompt => prompt.Prompt));
    }

    [Fact]
    public async Task Store_of_another_reference_is_refused_before_anything_is_drawn()
    {
        (await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), s_prompts, Options())).Dispose();
        var other = new WordPolicy(s_words) { Identity = "other words" };
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            ReferenceTable.EstimateAsync(new Scorer(other, s_reward), s_prompts, Options())
        );
        Assert.Contains("the reference policy of the store is words, that of what it is used with is other words", e.Message);
        Assert.Empty(other.Seeds);
    }

    private ReferenceTableOptions Options() => Options(Store);

    private static ReferenceTableOptions Options(string? store) =>
        new()
        {
            SamplesPerPrompt = 6,
            Seed = 3,
            PromptsPerBatch = 2,
            Store = store,
            Storage = new() { FlushToDisk = false },
        };

    private sealed class Recorder(List<ReferenceTableProgress> seen) : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value) => seen.Add(value);
    }
}
