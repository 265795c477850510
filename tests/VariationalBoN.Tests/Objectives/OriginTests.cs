using VariationalBoN.BestOfN;
using VariationalBoN.Losses;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Tests.Objectives;

/// <summary>Each test is a program that trained on wrong numbers without a word before.</summary>
[Trait("Tier", "torch")]
public sealed class OriginTests
{
    private static readonly Prompt[] s_prompts = ["a", "b"];
    private static readonly IRewardModel s_threes = Counting(3, "threes");

    [Fact]
    public async Task Table_of_another_judge_is_refused_by_the_objective_and_named()
    {
        using var policy = Policy();
        using var reference = policy.CloneFrozen();
        var table = await ReferenceTable.EstimateAsync(new Scorer(reference, Counting(2, "twos")), s_prompts, 16, seed: 1);
        var scored = await new Scorer(reference, s_threes).ScoreAsync(policy.Sample(s_prompts, 4, seed: 1));

        foreach (IVariationalObjective objective in Objectives(table.BestOf(2)))
        {
            string message = Assert.Throws<InvalidOperationException>(() => objective.LogTargets(scored)).Message;
            Assert.Contains(
                "reward model of the reference table is twos, that of the scored batch is threes",
                message,
                StringComparison.Ordinal
            );
        }
    }

    [Fact]
    public async Task Table_of_other_weights_of_the_reference_is_refused_setting_by_setting()
    {
        using var policy = Policy();
        using var reference = policy.CloneFrozen();
        using var other = new TabularPolicy(s_prompts, 4, 2, [.. Enumerable.Range(0, 2 * 5 * 4).Select(i => Math.Sin(i))]);
        using var moved = other.CloneFrozen();
        var table = await ReferenceTable.EstimateAsync(new Scorer(moved, s_threes), s_prompts, 16, seed: 1);
        var scored = await new Scorer(reference, s_threes).ScoreAsync(policy.Sample(s_prompts, 4, seed: 1));

        string message = Assert.Throws<InvalidOperationException>(() => new ExactObjective(table.BestOf(2)).LogTargets(scored)).Message;
        Assert.Contains("reference policy", message, StringComparison.Ordinal);
        Assert.Contains("sha256 is", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_scoring_of_truncated_completions_is_refused()
    {
        using var policy = Policy();
        using var reference = policy.CloneFrozen();
        var table = await ReferenceTable.EstimateAsync(new Scorer(reference, s_threes), s_prompts, 16, seed: 1);
        var scorer = new Scorer(reference, s_threes, new ScoringOptions { OnTruncated = TruncationRule.Replace, TruncationValue = -1 });
        var scored = await scorer.ScoreAsync(policy.Sample(s_prompts, 4, seed: 1));

        Assert.Contains(
            "scoring",
            Assert.Throws<InvalidOperationException>(() => new ExactObjective(table.BestOf(2)).LogTargets(scored)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Rewards_of_unknown_origin_are_accepted_only_when_it_is_said()
    {
        using var policy = Policy();
        using var reference = policy.CloneFrozen();
        var scorer = new Scorer(reference, s_threes);
        var imported = new ReferenceTable(s_prompts.Select(prompt => new ReferencePrompt(prompt, [0.0, 1, 2, 2], [])));
        var scored = await scorer.ScoreAsync(policy.Sample(s_prompts, 4, seed: 1));

        Assert.Contains(
            nameof(ReferenceTable.AcceptUnknownProvenance),
            Assert.Throws<InvalidOperationException>(() => new ExactObjective(imported.BestOf(2)).LogTargets(scored)).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "AcceptUnknownProvenance",
            Assert.Throws<InvalidOperationException>(() => imported.RequireMatch(scorer)).Message,
            StringComparison.Ordinal
        );

        var known = await ReferenceTable.EstimateAsync(scorer, s_prompts, samplesPerPrompt: 4, seed: 1);
        Assert.Contains(
            "AcceptUnknownProvenance",
            Assert
                .Throws<InvalidOperationException>(() => new Evaluator(scorer, known).EvaluateBestOfN([.. scored], imported.BestOf(2)))
                .Message,
            StringComparison.Ordinal
        );

        ReferenceTable vouched = imported.AcceptUnknownProvenance();
        vouched.RequireMatch(scorer);
        Assert.Equal(scored.Count, new ExactObjective(vouched.BestOf(2)).LogTargets(scored).Length);
        Assert.Equal(scored.Count, new ExactObjective(vouched.WithTieTolerance(0.1).BestOf(2)).LogTargets(scored).Length);
    }

    [Fact]
    public async Task Batch_made_by_hand_is_refused_until_it_says_where_it_comes_from()
    {
        using var policy = Policy();
        using var reference = policy.CloneFrozen();
        var scorer = new Scorer(reference, s_threes);
        var table = await ReferenceTable.EstimateAsync(scorer, s_prompts, 16, seed: 1);
        ScoredBatch scored = await scorer.ScoreAsync(policy.Sample(s_prompts, 4, seed: 1));
        var objective = new ExactObjective(table.BestOf(2));

        Assert.Contains(
            "does not know",
            Assert
                .Throws<InvalidOperationException>(() =>
                    objective.LogTargets(new ScoredBatch((IEnumerable<ScoredCompletion>)scored, scored.Groups))
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Equal(
            objective.LogTargets(scored),
            objective.LogTargets(new ScoredBatch((IEnumerable<ScoredCompletion>)scored, scored.Groups, table.Provenance!.Origin))
        );
    }

    [Fact]
    public async Task Objective_without_a_distribution_takes_scores_of_any_origin()
    {
        using var policy = Policy();
        using var reference = policy.CloneFrozen();
        var scored = await new Scorer(reference, s_threes).ScoreAsync(policy.Sample(s_prompts, 4, seed: 1));

        Assert.Null(new GibbsObjective(1).Requires);
        Assert.Equal((0.5, -2), (new GibbsObjective(0.5).Beta, new ClippedObjective(new GibbsObjective(0.5), -2).Floor));
        Assert.Equal(scored.Select(new GibbsObjective(1).LogTarget), new GibbsObjective(1).LogTargets(scored));
    }

    [Fact]
    public void Reference_that_trains_is_refused_by_name()
    {
        using var policy = Policy();
        string message = Assert.Throws<ArgumentException>(() => new Scorer(policy, s_threes)).Message;
        Assert.Contains("TabularPolicy trains", message, StringComparison.Ordinal);
        Assert.Contains("CloneFrozen", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completions_scored_before_an_anchor_moved_are_refused_by_the_target_after()
    {
        using var policy = Policy();
        using var anchor = new MovableTable(policy.LogitValues());
        var target = new MovingAnchor(anchor, s_threes, samplesPerPrompt: 8);
        var first = await target.RefreshAsync(s_prompts, n: 2, seed: 1);
        ScoredBatch before = await target.Scorer.ScoreAsync(policy.Sample(s_prompts, 4, seed: 1));
        Assert.Equal(before.Count, new ExactObjective(first).LogTargets(before).Length);

        anchor.Move(0.5);
        var second = await target.RefreshAsync(s_prompts, n: 2, seed: 2);
        Assert.Contains(
            "sha256",
            Assert.Throws<InvalidOperationException>(() => new ExactObjective(second).LogTargets(before)).Message,
            StringComparison.Ordinal
        );
        ScoredBatch after = await target.Scorer.ScoreAsync(policy.Sample(s_prompts, 4, seed: 2));
        Assert.Equal(after.Count, new ExactObjective(second).LogTargets(after).Length);
    }

    [Fact]
    public async Task Losses_that_compare_refuse_a_lone_survivor_and_others_have_it()
    {
        using var policy = Policy();
        using var reference = policy.CloneFrozen();
        Completion[] drawn = [.. policy.Sample(s_prompts, 2, seed: 1)];
        var failing = RewardModel.FromFunction(completion => ReferenceEquals(completion, drawn[0]) ? double.NaN : 1, "fails once");
        ScoredBatch scored = await new Scorer(reference, failing, new ScoringOptions { OnFailure = RewardFailure.Exclude }).ScoreAsync(
            drawn
        );
        Assert.Equal((3, 1), (scored.Count, scored.Excluded));

        using var scope = TorchSharp.torch.NewDisposeScope();
        var logProb = policy.LogProb(scored);
        double[] targets = new GibbsObjective(1).LogTargets(scored);
        string message = Assert.Throws<ArgumentException>(() => ScoreFunction.Loss(logProb, targets, scored.Groups)).Message;
        Assert.Contains(nameof(ScoredBatch.WithoutLone), message, StringComparison.Ordinal);
        ScoreFunction.Loss(logProb, targets, scored.Groups, Baseline.None).backward();
        SquaredLogRatio.Known(policy.LogProb(scored), targets).backward();

        ScoredBatch together = scored.WithoutLone();
        Assert.Equal((2, 1), (together.Count, together.LeftOut));
        ScoreFunction.Loss(policy.LogProb(together), new GibbsObjective(1).LogTargets(together), together.Groups).backward();
    }

    private static IVariationalObjective[] Objectives(EmpiricalBoNDistribution bestOfN) =>
        [
            new ExactObjective(bestOfN),
            new LowerBoundObjective(bestOfN),
            new ClippedObjective(new ExactObjective(bestOfN), -6),
            new ExactObjective(bestOfN.LeaveOneOut()),
        ];

    private static TabularPolicy Policy() => new(s_prompts, vocabularySize: 4, length: 2);

    private static IRewardModel Counting(int token, string identity) =>
        RewardModel.FromFunction(completion => completion.Tokens.Count(t => t == token), identity);

    /// <summary>A policy that can be moved without a gradient.</summary>
    private sealed class MovableTable(double[] logits) : IPolicy, IDisposable
    {
        private TabularPolicy _table = Frozen(logits);

        public ModelIdentity Identity => _table.Identity;

        public bool IsTrainable => false;

        public IReadOnlyList<Completion> Sample(
            IReadOnlyList<Prompt> prompts,
            int completionsPerPrompt,
            DrawSeed seed,
            CancellationToken cancellationToken = default
        ) => _table.Sample(prompts, completionsPerPrompt, seed, cancellationToken);

        public TorchSharp.torch.Tensor LogProb(IReadOnlyList<Completion> completions) => _table.LogProb(completions);

        public void Move(double by)
        {
            double[] moved = [.. _table.LogitValues().Select((value, i) => value + (by * Math.Cos(i)))];
            _table.Dispose();
            _table = Frozen(moved);
        }

        public void Dispose() => _table.Dispose();

        private static TabularPolicy Frozen(double[] values)
        {
            using var table = new TabularPolicy(s_prompts, vocabularySize: 4, length: 2, values);
            return table.CloneFrozen();
        }
    }
}
