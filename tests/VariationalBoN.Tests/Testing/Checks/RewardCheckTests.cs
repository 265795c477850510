using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Testing.Checks;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Testing.Checks;

/// <summary>Each check catches the reward model that is broken in its way and names the cause; sound ones pass.</summary>
[Trait("Tier", "fast")]
public sealed class RewardCheckTests
{
    private static readonly Completion[] s_completions =
    [
        .. from prompt in (string[])["a", "b", "c"]
        from i in Enumerable.Range(1, 8)
        select new Completion
        {
            Prompt = prompt,
            Text = new string('x', i * i % 11 + i),
            Tokens = [.. Enumerable.Range(0, i)],
        },
    ];

    private static double Good(Completion completion) => Math.Sin(completion.Text.Length * 1.3) + completion.Prompt.Text[0];

    private static IRewardModel Batch(Func<IReadOnlyList<Completion>, IEnumerable<double>> score) =>
        RewardModel.FromBatch((completions, _) => Task.FromResult<RewardScores>([.. score(completions)]), "judge");

    private static async Task CaughtAsync(IRewardModel reward, string check, string cause, RewardCheckOptions? options = null)
    {
        CheckReport report = await RewardCheck.RunAsync(reward, s_completions, options);
        CheckResult result = report[check];
        Assert.True(result.Status == CheckStatus.Failed, report.ToString());
        Assert.Contains(result.LikelyCauses, text => text.Contains(cause, StringComparison.Ordinal));
        Assert.Throws<CheckFailedException>(report.ThrowIfFailed);
    }

    private static ReferenceTable Table(Func<Completion, double> reward, ModelIdentity? identity = null, ScoringOptions? scoring = null) =>
        new(
            s_completions
                .GroupBy(c => c.Prompt)
                .Select(group => new ReferencePrompt(group.Key, group.Select(c => new ScoredCompletion(c, reward(c), -1)))),
            new ReferenceProvenance(new ScoringIdentity("reference", identity ?? "judge", (scoring ?? new ScoringOptions()).Identity), 1)
        );

    [Theory]
    [InlineData(0.2, CheckStatus.Failed)]
    [InlineData(0.4, CheckStatus.Passed)]
    public async Task One_prompt_of_three_without_variance_passes_where_the_option_says_so(double tolerance, CheckStatus status)
    {
        IRewardModel reward = Batch(completions => completions.Select(c => c.Prompt.Text == "a" ? 1 : Good(c)));

        CheckResult result = (
            await RewardCheck.RunAsync(reward, s_completions, new RewardCheckOptions { ZeroVarianceTolerance = tolerance })
        )["variance"];

        Assert.Equal((status, tolerance), (result.Status, result.Threshold));
        Assert.Equal(1 / 3.0, result.Measured!.Value, 1e-12);
    }

    [Fact]
    public async Task NaN_infinity_wrong_count_null_and_exceptions_are_caught()
    {
        await CaughtAsync(
            Batch(completions => completions.Select((c, i) => i == 3 ? double.NaN : Good(c))),
            "finite",
            "division by its length"
        );
        await CaughtAsync(
            Batch(completions => completions.Select((c, i) => i == 3 ? double.PositiveInfinity : Good(c))),
            "finite",
            "overflow"
        );
        await CaughtAsync(Batch(completions => [1]), "finite", "throws");
        await CaughtAsync(RewardModel.FromBatch((_, _) => Task.FromResult<RewardScores>(null!), "test judge"), "finite", "throws");
        await CaughtAsync(Batch(_ => throw new TimeoutException("no answer")), "finite", "throws");
        CheckReport report = await RewardCheck.RunAsync(Batch(_ => throw new TimeoutException("no answer")), s_completions);
        Assert.Equal("TimeoutException: no answer", report["finite"].Detail);
        Assert.Equal(8, report.Results.Count(result => result.Status == CheckStatus.Skipped));
    }

    [Fact]
    public async Task Chance_is_caught()
    {
        int call = 0;
        await CaughtAsync(
            Batch(completions => completions.Select(c => Good(c) + (0.01 * new CounterRandom(call++, c.Text, 0).Uniform(0)))),
            "repeated",
            "dropout"
        );
    }

    [Fact]
    public async Task Normalising_within_the_batch_is_caught() =>
        await CaughtAsync(Batch(completions => completions.Select(c => Good(c) - completions.Average(Good))), "alone", "within the batch");

    [Fact]
    public async Task Answers_in_another_order_are_caught() =>
        await CaughtAsync(
            Batch(completions => completions.OrderBy(c => c.Text.Length).ThenBy(c => c.Prompt.Text, StringComparer.Ordinal).Select(Good)),
            "shuffled",
            "another order"
        );

    [Fact]
    public async Task State_between_completions_is_caught() =>
        await CaughtAsync(
            Batch(completions => completions.Select((c, i) => Good(c) + (i > 0 ? 0.1 * completions[i - 1].Text.Length : 0))),
            "shuffled",
            "state between completions"
        );

    [Fact]
    public async Task Padding_is_caught() =>
        await CaughtAsync(
            Batch(completions => completions.Select(c => Good(c) + (0.05 * (completions.Max(other => other.Text.Length) - c.Text.Length)))),
            "padding",
            "attention mask"
        );

    [Fact]
    public async Task Rank_changes_are_told_from_value_changes()
    {
        CheckReport shifted = await RewardCheck.RunAsync(
            Batch(completions => completions.Select(c => Good(c) - (completions.Count / 10.0))),
            s_completions
        );
        Assert.Equal(CheckStatus.Failed, shifted["alone"].Status);
        Assert.Equal((CheckStatus.Passed, 0), (shifted["ranks"].Status, shifted["ranks"].Measured));
        int call = 0;
        await CaughtAsync(
            Batch(completions => completions.Select(c => Good(c) + new CounterRandom(call++, c.Text, 0).Uniform(0))),
            "ranks",
            "see the checks that failed"
        );
    }

    [Fact]
    public async Task Rewards_that_tell_nothing_apart_are_caught()
    {
        await CaughtAsync(Batch(completions => completions.Select(_ => 1.0)), "variance", "end-of-text token");
        await CaughtAsync(Batch(completions => completions.Select(c => (double)c.Prompt.Text[0])), "variance", "reads the prompt alone");
        await CaughtAsync(
            Batch(completions => completions.Select(c => c.Text.Length == 2 ? 1.0 : c.Prompt.Text[0])),
            "ties",
            "few values",
            new RewardCheckOptions { TieTolerance = 0.5 }
        );
    }

    [Fact]
    public async Task Drift_of_a_table_is_caught_and_its_pattern_named()
    {
        IRewardModel judge = RewardModel.FromFunction(Good, "judge");
        await CaughtAsync(judge, "table", "moved by", new RewardCheckOptions { Table = Table(c => Good(c) - 0.5) });
        await CaughtAsync(
            judge,
            "table",
            "end-of-text string",
            new RewardCheckOptions { Table = Table(c => Good(c) - (c.Tokens.Length > 5 ? 0.5 : 0)) }
        );
        await CaughtAsync(judge, "table", "another reward model", new RewardCheckOptions { Table = Table(c => 2 * Good(c), "old judge") });
        await CaughtAsync(
            judge,
            "table",
            "scored otherwise",
            new RewardCheckOptions
            {
                Table = Table(c => 2 * Good(c), scoring: new ScoringOptions { OnTruncated = TruncationRule.Subtract, TruncationValue = 1 }),
            }
        );
        string detail = (
            await RewardCheck.RunAsync(
                judge,
                s_completions,
                new RewardCheckOptions { Table = Table(c => 3 * Good(c)), RescoredSamples = 12 }
            )
        )["table"].Detail;
        Assert.Contains("12 rewards of the table", detail, StringComparison.Ordinal);
        Assert.Contains("; 0.0 % of pairs", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scoring_of_truncated_completions_is_that_of_the_table()
    {
        Completion[] cut = [.. s_completions.Select(c => c with { FinishReason = FinishReason.Length })];
        var table = new ReferenceTable(
            cut.GroupBy(c => c.Prompt)
                .Select(group => new ReferencePrompt(group.Key, group.Select(c => new ScoredCompletion(c, Good(c) - 2, -1))))
        );
        var options = new RewardCheckOptions
        {
            Table = table,
            Scoring = new ScoringOptions { OnTruncated = TruncationRule.Subtract, TruncationValue = 2 },
        };
        CheckReport report = await RewardCheck.RunAsync(RewardModel.FromFunction(Good, "test judge"), s_completions, options);
        Assert.True(report["table"].Status == CheckStatus.Passed, report.ToString());
    }

    [Fact]
    public async Task Sound_reward_models_pass_and_no_check_is_skipped()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            foreach (
                IRewardModel judge in (IRewardModel[])
                    [
                        RewardModel.FromFunction(Good, "judge"),
                        RewardModel.FromAsync(
                            async (c, _) =>
                            {
                                await Task.Yield();
                                return Good(c);
                            },
                            "judge"
                        ),
                    ]
            )
            {
                CheckReport report = await RewardCheck.RunAsync(
                    judge,
                    s_completions,
                    new RewardCheckOptions { Seed = seed, Table = Table(Good) }
                );
                Assert.All(
                    report.Results,
                    result => Assert.True(result.Status == CheckStatus.Passed && result.Measured <= result.Threshold, report.ToString())
                );
                Assert.Equal(9, report.Results.Length);
            }
        }
    }

    [Fact]
    public async Task Yes_or_no_judge_and_rewards_without_texts_pass()
    {
        var table = new ReferenceTable([new ReferencePrompt("a", [1.0, 2.0], [])]);
        CheckReport report = await RewardCheck.RunAsync(
            RewardModel.FromFunction(c => c.Text.Length % 2, "test judge"),
            s_completions,
            new RewardCheckOptions { Table = table }
        );
        report.ThrowIfFailed();
        Assert.Contains("without texts", report["table"].Detail, StringComparison.Ordinal);
        report = await RewardCheck.RunAsync(
            RewardModel.FromFunction(WordPolicy.Reward, "test judge"),
            [WordPolicy.Word("a", 0), WordPolicy.Word("a", 1)]
        );
        Assert.Equal(CheckStatus.Skipped, report["padding"].Status);
        report.ThrowIfFailed();
    }

    [Fact]
    public async Task No_call_holds_more_completions_than_the_reward_model_takes()
    {
        var judge = new NarrowJudge();
        (await RewardCheck.RunAsync(judge, s_completions, new RewardCheckOptions { Table = Table(Good, judge.Identity) })).ThrowIfFailed();
        Assert.Equal(judge.MaxBatchSize, judge.Widest);
    }

    [Fact]
    public async Task Cancellation_passes_through_and_faulty_arguments_are_refused()
    {
        using var source = new CancellationTokenSource();
        IRewardModel judge = RewardModel.FromBatch(
            async (_, token) =>
            {
                await source.CancelAsync();
                token.ThrowIfCancellationRequested();
                return [];
            },
            "test judge"
        );
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RewardCheck.RunAsync(judge, s_completions, null, source.Token));
        await Assert.ThrowsAsync<ArgumentException>(() => RewardCheck.RunAsync(judge, s_completions[..1]));
        string message = (
            await Assert.ThrowsAsync<ArgumentException>(() =>
                RewardCheck.RunAsync(
                    judge,
                    s_completions,
                    new RewardCheckOptions
                    {
                        Tolerance = -1,
                        SingleCalls = 0,
                        RankTolerance = double.NaN,
                    }
                )
            )
        ).Message;
        Assert.All(
            ["Tolerance is -1", "SingleCalls is 0", "RankTolerance is NaN"],
            part => Assert.Contains(part, message, StringComparison.Ordinal)
        );
    }

    private sealed class NarrowJudge : IRewardModel
    {
        public ModelIdentity Identity => "narrow";

        public int MaxBatchSize => 5;

        public int Widest { get; private set; }

        public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
        {
            Widest = Math.Max(Widest, completions.Count);
            return Task.FromResult<RewardScores>([.. completions.Select(Good)]);
        }
    }
}
