using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.References;

[Trait("Tier", "torch")]
public sealed class ReferenceTableTests
{
    private static readonly double[] s_words = [0.1, 0.2, 0.3, 0.4];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");

    [Fact]
    public async Task Estimate_keeps_what_was_drawn_with_reward_and_log_probability()
    {
        var reference = new WordPolicy(s_words);
        var table = await ReferenceTable.EstimateAsync(new Scorer(reference, s_reward), ["a", "b"], 50, seed: 3);
        Assert.Equal(["a", "b"], table.Prompts.Select(p => p.Prompt));
        var drawn = reference.Sample(["a", "b"], 50, new DrawSeed(3, DrawPurpose.Reference));
        Assert.Equal(drawn.Select(c => c.Text), table.Prompts.SelectMany(p => p.Samples).Select(s => s.Completion.Text));
        Assert.All(
            table.Prompts.SelectMany(p => p.Samples),
            s => Assert.Equal((s.Completion.Tokens[0], Math.Log(s_words[s.Completion.Tokens[0]])), (s.Reward, s.LogReference))
        );
        Assert.Equal(table["b"].Rewards.Order(), table["b"].Cdf.SortedRewards.ToArray());
        Assert.Equal(0, table["a"].Excluded);
    }

    [Fact]
    public async Task Batches_do_not_change_the_table_and_progress_ends_at_one()
    {
        Prompt[] prompts = [.. Enumerable.Range(0, 5).Select(i => $"p{i}")];
        var shares = new List<double>();
        var reference = new WordPolicy(s_words);
        var whole = await ReferenceTable.EstimateAsync(
            new Scorer(reference, s_reward),
            prompts,
            new ReferenceTableOptions { SamplesPerPrompt = 9, Seed = 1 }
        );
        Assert.Equal(5, reference.MostPrompts);
        reference = new WordPolicy(s_words);
        var parts = await ReferenceTable.EstimateAsync(
            new Scorer(reference, s_reward),
            prompts,
            new ReferenceTableOptions
            {
                SamplesPerPrompt = 9,
                Seed = 1,
                PromptsPerBatch = 2,
                Progress = new Recorder(shares),
            }
        );
        Assert.Equal(2, reference.MostPrompts);
        Assert.Equal(whole.Prompts.SelectMany(p => p.Rewards), parts.Prompts.SelectMany(p => p.Rewards));
        Assert.Equal([0.4, 0.8, 1], shares);
    }

    [Fact]
    public async Task Prompt_that_stands_twice_is_sampled_once_in_order()
    {
        var table = await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), ["b", "a", "b"], 4, seed: 0);
        Assert.Equal(["b", "a"], table.Prompts.Select(p => p.Prompt));
        Assert.Equal(4, table["b"].Cdf.Count);
    }

    [Fact]
    public async Task No_prompt_or_no_sample_is_refused()
    {
        Assert.Contains(
            "no prompt",
            (
                await Assert.ThrowsAsync<ArgumentException>(() =>
                    ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), [], 4, seed: 0)
                )
            ).Message
        );
        var e = await Assert.ThrowsAsync<ArgumentException>(() =>
            ReferenceTable.EstimateAsync(
                new Scorer(new WordPolicy(s_words), s_reward),
                ["a"],
                new ReferenceTableOptions { SamplesPerPrompt = 0, PromptsPerBatch = -1 }
            )
        );
        Assert.Contains("SamplesPerPrompt (M) is 0", e.Message);
        Assert.Contains("PromptsPerBatch is -1", e.Message);
    }

    [Fact]
    public async Task Failed_samples_are_left_out_and_counted_by_prompt()
    {
        var failing = RewardModel.FromFunction(c => c.Tokens[0] == 3 ? double.NaN : c.Tokens[0], "test judge");
        var table = await ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), failing, new ScoringOptions() { OnFailure = RewardFailure.Exclude }),
            ["a", "b"],
            new ReferenceTableOptions { SamplesPerPrompt = 200 }
        );
        Assert.All(table.Prompts, p => Assert.Equal(200, p.Excluded + p.Samples.Length));
        Assert.All(table.Prompts, p => Assert.InRange(p.Excluded, 1, 199));
        Assert.DoesNotContain(3, table.Prompts.SelectMany(p => p.Rewards));
    }

    [Fact]
    public async Task One_surviving_sample_of_a_prompt_is_kept()
    {
        int calls = 0;
        var once = RewardModel.FromFunction(_ => calls++ == 0 ? 5.0 : double.NaN, "test judge");
        var table = await ReferenceTable.EstimateAsync(
            new Scorer(new WordPolicy(s_words), once, new ScoringOptions() { OnFailure = RewardFailure.Exclude }),
            ["a"],
            new ReferenceTableOptions { SamplesPerPrompt = 3 }
        );
        Assert.Equal([5.0], table["a"].Rewards.ToArray());
        Assert.Equal(2, table["a"].Excluded);
        Assert.Equal([0], table["a"].SampleIndices.ToArray());
    }

    [Fact]
    public async Task Prompt_without_any_sample_left_is_named()
    {
        var truncating = new WordPolicy([1.0], 0);
        var options = new ReferenceTableOptions { SamplesPerPrompt = 3 };
        var scoring = new ScoringOptions { OnTruncated = TruncationRule.Exclude };
        Assert.Contains(
            "\"lost\"",
            (
                await Assert.ThrowsAsync<RewardModelException>(() =>
                    ReferenceTable.EstimateAsync(new Scorer(truncating, s_reward, scoring), ["lost"], options)
                )
            ).Message
        );
    }

    [Fact]
    public async Task Cancellation_stops_between_batches()
    {
        using var source = new CancellationTokenSource();
        var reward = RewardModel.FromBatch(
            (batch, _) =>
            {
                source.Cancel();
                return Task.FromResult<RewardScores>(new double[batch.Count]);
            },
            "test judge"
        );
        var reference = new WordPolicy(s_words);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            ReferenceTable.EstimateAsync(
                new Scorer(reference, reward),
                ["a", "b"],
                new ReferenceTableOptions { SamplesPerPrompt = 2, PromptsPerBatch = 1 },
                source.Token
            )
        );
        Assert.Single(reference.Seeds);
    }

    [Fact]
    public async Task Unknown_prompt_is_named_with_the_remedy()
    {
        var table = await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), ["a"], 4, seed: 0);
        string message = Assert.Throws<KeyNotFoundException>(() => table["A "]).Message;
        Assert.Contains("\"A \"", message);
        Assert.Contains("Add it", message);
    }

    [Fact]
    public async Task Other_reference_reward_model_or_scoring_is_refused_and_named()
    {
        var table = await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), ["a"], 4, seed: 0);
        table.RequireMatch(
            new Scorer(new WordPolicy(s_words), s_reward, new ScoringOptions { BatchSize = 1, OnFailure = RewardFailure.Exclude })
        );
        Refused(
            "reference policy of the reference table is words, that of the scorer is other",
            new Scorer(new WordPolicy(s_words) { Identity = "other" }, s_reward)
        );
        Refused(
            "reward model of the reference table is word number, that of the scorer is other judge",
            new Scorer(new WordPolicy(s_words), RewardModel.FromFunction(WordPolicy.Reward, "other judge"))
        );
        Refused(
            "truncated is Score, in the other Replace; value is missing, in the other 0.5",
            new Scorer(
                new WordPolicy(s_words),
                s_reward,
                new ScoringOptions { OnTruncated = TruncationRule.Replace, TruncationValue = 0.5 }
            )
        );

        void Refused(string difference, Scorer scorer) =>
            Assert.Contains(difference, Assert.Throws<InvalidOperationException>(() => table.RequireMatch(scorer)).Message);
    }

    [Fact]
    public async Task Weights_of_samples_follow_the_order_drawn()
    {
        var table = await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), ["a"], 40, seed: 2);
        double[] weights = table["a"].BestOfNWeights(4);
        Assert.Equal(1, weights.Sum(), 1e-12);
        foreach (var level in table["a"].Rewards.Zip(weights).GroupBy(pair => pair.First))
        {
            // The best of 4 of the 40 lies on a level in C(k_le, 4) - C(k_lt, 4) of the C(40, 4) choices, shared among its samples.
            double below = table["a"].Rewards.Count(r => r < level.Key),
                atOrBelow = below + level.Count();
            Assert.All(
                level,
                pair => Assert.Equal((Choose4(atOrBelow) - Choose4(below)) / Choose4(40) / level.Count(), pair.Second, 1e-12)
            );
        }

        static double Choose4(double k) => k * (k - 1) * (k - 2) * (k - 3) / 24;
    }

    [Fact]
    public async Task Best_of_one_is_the_reference() =>
        Assert.All(
            (await ReferenceTable.EstimateAsync(new Scorer(new WordPolicy(s_words), s_reward), ["a"], 10, seed: 0))["a"].Samples,
            s => Assert.Equal(0, new ReferenceTable([new ReferencePrompt("a", [s])]).BestOf(1).LogRatio(s))
        );

    private sealed class Recorder(List<double> shares) : IProgress<ReferenceTableProgress>
    {
        public void Report(ReferenceTableProgress value) => shares.Add(value.Share);
    }
}
