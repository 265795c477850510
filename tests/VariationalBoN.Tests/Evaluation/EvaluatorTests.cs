using VariationalBoN.Evaluation;
using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Evaluation;

/// <summary>Reports on a policy of four words, whose every number is known.</summary>
[Trait("Tier", "torch")]
public sealed class EvaluatorTests
{
    private const int K = 2000;
    private static readonly double[] s_reference = [0.4, 0.3, 0.2, 0.1],
        s_policy = [0.1, 0.2, 0.3, 0.4];
    private static readonly IRewardModel s_reward = RewardModel.FromFunction(WordPolicy.Reward, "word number");
    private static readonly Scorer s_scorer = new(new WordPolicy(s_reference), s_reward);

    [Fact]
    public async Task Report_is_the_expectation_within_four_standard_errors()
    {
        ReferenceTable table = await Table(["a", "b", "c"], 5000);

        var report = await new Evaluator(s_scorer, table).EvaluateAsync(
            new WordPolicy(s_policy, 0),
            ["a", "b", "c"],
            K,
            seed: 5,
            table.BestOf(2)
        );

        Near(2, report.Reward); // 0.2 + 2 * 0.3 + 3 * 0.4
        Near(Sum((p, q, _) => p * Math.Log(p / q)), report.Kl);
        Near(0.1, report.TruncatedShare);
        Near(1, report.Length, exact: true);
        Near(4.0 / K, report.DistinctShare, exact: true);
        Assert.Equal(KlEstimator.K1, report.KlEstimator);
        Assert.Equal((3 * K, 0), (report.Completions, report.Excluded));

        // Win rate and gap depend on the table too; 5,000 rewards are within 0.02 of F.
        double win = Sum((p, q, below) => p * (below + (q / 2)));
        Assert.InRange(report.WinRate.Value, win - 0.02, win + 0.02);
        Assert.Equal(report.WinRate.Value / (1 - report.WinRate.Value), report.EffectiveN.Value, 1e-12);
        double gap = Sum((p, q, below) => p * Math.Log(p / (Math.Pow(below + q, 2) - Math.Pow(below, 2))));
        Assert.InRange(report.ObjectiveGap!.Value.Value, gap - 0.05, gap + 0.05);
    }

    [Fact]
    public async Task The_reference_wins_half_at_no_divergence()
    {
        ReferenceTable table = await Table(["a", "b"], 5000);

        var report = await new Evaluator(s_scorer, table).EvaluateAsync(new WordPolicy(s_reference), ["a", "b"], K, seed: 5);

        Assert.InRange(report.WinRate.Value, 0.48, 0.52);
        Assert.Equal(0, report.Kl.Value);
        Assert.Null(report.ObjectiveGap);
    }

    [Fact]
    public async Task Errors_are_those_between_prompts()
    {
        ReferenceTable table = await Table(
            ["a", "bbbbb"],
            50,
            RewardModel.FromFunction(c => c.Prompt.Text.Length, "length of the prompt"),
            out Scorer scorer
        );

        var report = await new Evaluator(scorer, table).EvaluateAsync(new WordPolicy(s_policy), ["a", "bbbbb"], 100, seed: 1);

        Assert.Equal(3, report.Reward.Value, 1e-12);
        Assert.Equal(2, report.Reward.StandardError, 1e-9); // prompts have means 1 and 5: sd 2.83, over sqrt(2)
        Assert.Equal(2, report.Reward.Count);
    }

    [Fact]
    public async Task Literal_best_of_n_is_measured_by_the_same_code()
    {
        ReferenceTable table = await Table(["a", "b"], 5000);
        var answers = await new BestOfNSampler(new WordPolicy(s_reference), s_reward).SampleAsync(
            [.. Enumerable.Range(0, 4000).Select(i => i % 2 == 0 ? "a" : "b")],
            4,
            seed: 1
        );

        var report = new Evaluator(s_scorer, table).EvaluateBestOfN(answers, table.BestOf(4));

        double below = 0,
            reward = 0,
            kl = 0;
        for (int word = 0; word < 4; word++)
        {
            double p = Math.Pow(below + s_reference[word], 4) - Math.Pow(below, 4);
            (reward, kl, below) = (reward + (p * word), kl + (p * Math.Log(p / s_reference[word])), below + s_reference[word]);
        }

        Assert.InRange(report.Reward.Value, reward - 0.05, reward + 0.05);
        Assert.InRange(report.Kl.Value, kl - 0.05, kl + 0.05);
        Assert.Equal(4000, report.Completions);
        Assert.Equal(2, report.Reward.Count);
    }

    [Fact]
    public async Task Failed_rewards_are_counted_and_all_failed_is_an_error()
    {
        ReferenceTable table = await Table(
            ["a"],
            50,
            RewardModel.FromFunction(c => c.Tokens[0] == 3 ? double.NaN : c.Tokens[0], "fails"),
            out Scorer scorer
        );

        var report = await new Evaluator(scorer, table).EvaluateAsync(new WordPolicy(s_policy), ["a"], 1000, seed: 1);

        Assert.Equal(1000, report.Completions + report.Excluded);
        Assert.InRange(report.Excluded, 338, 462); // 400, sd 15.5
        await Assert.ThrowsAsync<RewardModelException>(() =>
            new Evaluator(scorer, table).EvaluateAsync(new WordPolicy([0, 0, 0, 1]), ["a"], 10, seed: 1)
        );
    }

    [Fact]
    public async Task Wrong_table_prompts_and_counts_are_refused()
    {
        ReferenceTable table = await Table(["a"], 50);
        var evaluator = new Evaluator(s_scorer, table);
        var policy = new WordPolicy(s_policy);

        Assert.Contains(
            "other judge",
            Assert
                .Throws<InvalidOperationException>(() =>
                    new Evaluator(new Scorer(policy, RewardModel.FromFunction(WordPolicy.Reward, "other judge")), table)
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "\"z\"",
            (await Assert.ThrowsAsync<KeyNotFoundException>(() => evaluator.EvaluateAsync(policy, ["a", "z"], 2, seed: 1))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "no prompt",
            (await Assert.ThrowsAsync<ArgumentException>(() => evaluator.EvaluateAsync(policy, [], 2, seed: 1))).Message,
            StringComparison.Ordinal
        );
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => evaluator.EvaluateAsync(policy, ["a"], 0, seed: 1));
        Assert.Throws<ArgumentException>(() => evaluator.EvaluateBestOfN([], table.BestOf(2)));
    }

    [Fact]
    public async Task Components_of_the_reward_are_reported_by_name()
    {
        var reward = new WeightedRewardModel(
            new("word", s_reward, 2),
            new("prompt", RewardModel.FromFunction(c => c.Prompt.Text.Length, "test judge"))
        );
        ReferenceTable table = await Table(["a", "bbbbb"], 50, reward, out Scorer scorer);

        var report = await new Evaluator(scorer, table).EvaluateAsync(new WordPolicy(s_policy), ["a", "bbbbb"], 100, seed: 1);

        Assert.Equal(["prompt", "word"], report.RewardComponents.Keys);
        Assert.Equal(3, report.RewardComponents["prompt"].Value, 1e-12);
        Assert.Equal(2, report.RewardComponents["prompt"].StandardError, 1e-9);
        Assert.Equal(report.Reward.Value, (2 * report.RewardComponents["word"].Value) + 3, 1e-9);
        Assert.Contains("\n  prompt ", report.ToString(), StringComparison.Ordinal);
    }

    private static double Sum(Func<double, double, double, double> term) =>
        Enumerable.Range(0, 4).Sum(word => term(s_policy[word], s_reference[word], s_reference[..word].Sum()));

    private static void Near(double expected, Estimate actual, bool exact = false) =>
        Assert.InRange(actual.Value - expected, exact ? -1e-12 : -4 * actual.StandardError, exact ? 1e-12 : 4 * actual.StandardError);

    private static Task<ReferenceTable> Table(Prompt[] prompts, int samples) => Table(prompts, samples, s_reward, out _);

    private static Task<ReferenceTable> Table(Prompt[] prompts, int samples, IRewardModel reward, out Scorer scorer)
    {
        var scoring = new ScoringOptions { OnFailure = ReferenceEquals(reward, s_reward) ? RewardFailure.Throw : RewardFailure.Exclude };
        scorer = new Scorer(new WordPolicy(s_reference), reward, scoring);
        return ReferenceTable.EstimateAsync(
            new Scorer(scorer.Reference, reward, scoring),
            prompts,
            new ReferenceTableOptions { SamplesPerPrompt = samples, Seed = 9 }
        );
    }
}
