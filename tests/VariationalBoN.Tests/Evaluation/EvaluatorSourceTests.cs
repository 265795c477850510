using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Evaluation;

/// <summary>Evaluation of completions that a source draws:
/// the same numbers, and a refusal where the source is about something else.</summary>
[Trait("Tier", "torch")]
public sealed class EvaluatorSourceTests
{
    private static readonly double[] s_reference = [0.4, 0.3, 0.2, 0.1],
        s_policy = [0.1, 0.2, 0.3, 0.4];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(
        c => c.Tokens[0] == 2 ? double.NaN : c.Tokens[0],
        "word number"
    );
    private static readonly ScoringOptions s_options = new() { OnFailure = RewardFailure.Exclude };
    private static readonly Scorer s_scorer = new(new WordPolicy(s_reference), s_reward, s_options);
    private static readonly WordPolicy s_tuned = new(s_policy) { Identity = "tuned" };

    [Fact]
    public async Task Report_is_that_of_completions_drawn_here()
    {
        (Evaluator evaluator, ReferenceTable table) = await EvaluatorAsync();
        var source = new Source(new PolicyCompletionSource(s_tuned, s_scorer));

        var here = await evaluator.EvaluateAsync(s_tuned, ["a", "b", "a"], 50, seed: 3, table.BestOf(2));
        var there = await evaluator.EvaluateAsync(s_tuned, source, ["a", "b", "a"], 50, seed: 3, table.BestOf(2));

        Assert.Equal(here.ToString(), there.ToString());
        Assert.Equal((here.Reward, here.Kl, here.WinRate, here.ObjectiveGap), (there.Reward, there.Kl, there.WinRate, there.ObjectiveGap));
        Assert.True(there.Excluded > 0);
        Assert.Equal([new DrawSeed(3, DrawPurpose.Evaluation)], source.Seeds);
    }

    [Fact]
    public async Task A_source_of_another_policy_judge_reference_or_scoring_is_refused_by_name()
    {
        (Evaluator evaluator, _) = await EvaluatorAsync();

        await RefusedAsync(new PolicyCompletionSource(new WordPolicy(s_policy) { Identity = "older" }, s_scorer), "older");
        await RefusedAsync(
            new PolicyCompletionSource(
                s_tuned,
                new Scorer(new WordPolicy(s_reference), RewardModel.FromFunction(WordPolicy.Reward, "another"))
            ),
            "reward model of the source"
        );
        await RefusedAsync(
            new PolicyCompletionSource(s_tuned, new Scorer(new WordPolicy(s_reference) { Identity = "elsewhere" }, s_reward)),
            "reference policy of the source"
        );
        await RefusedAsync(
            new PolicyCompletionSource(
                s_tuned,
                new Scorer(new WordPolicy(s_reference), s_reward, new ScoringOptions { OnTruncated = TruncationRule.Replace })
            ),
            "scoring of the source"
        );

        async Task RefusedAsync(ICompletionSource source, string named)
        {
            var counting = new Source(source);
            var refused = await Assert.ThrowsAsync<ArgumentException>(() => evaluator.EvaluateAsync(s_tuned, counting, ["a"], 5, seed: 1));
            Assert.Contains(named, refused.Message, StringComparison.Ordinal);
            Assert.Empty(counting.Seeds);
        }
    }

    [Fact]
    public async Task A_source_that_gives_other_completions_than_asked_for_is_refused()
    {
        (Evaluator evaluator, _) = await EvaluatorAsync();
        var source = new PolicyCompletionSource(s_tuned, s_scorer);

        var few = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            evaluator.EvaluateAsync(s_tuned, new Source(source) { Change = _ => (["a", "b"], 4) }, ["a", "b"], 5, seed: 1)
        );
        var order = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            evaluator.EvaluateAsync(s_tuned, new Source(source) { Change = _ => (["b", "a"], 5) }, ["a", "b"], 5, seed: 1)
        );

        Assert.Contains("gave 8", few.Message, StringComparison.Ordinal);
        Assert.Contains("gave a completion of \"b\"", order.Message, StringComparison.Ordinal);
    }

    private static async Task<(Evaluator Evaluator, ReferenceTable Table)> EvaluatorAsync()
    {
        ReferenceTable table = await ReferenceTable.EstimateAsync(s_scorer, ["a", "b"], 200, seed: 1);
        return (new Evaluator(s_scorer, table), table);
    }

    /// <summary>A source that notes what it was asked for, and may ask for something else.</summary>
    private sealed class Source(ICompletionSource inner) : ICompletionSource
    {
        public List<DrawSeed> Seeds { get; } = [];

        public Func<IReadOnlyList<Prompt>, (Prompt[] Prompts, int Count)>? Change { get; init; }

        public ModelIdentity Policy => inner.Policy;

        public ScoringIdentity Origin => inner.Origin;

        public Task<ScoredBatch> DrawAsync(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        )
        {
            Seeds.Add(seed);
            (IReadOnlyList<Prompt> asked, int count) = Change?.Invoke(prompts) ?? (prompts, completionsPerPrompt);
            return inner.DrawAsync(asked, count, seed, cancellationToken);
        }
    }
}
