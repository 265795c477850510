using VariationalBoN.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Rewards;

[Trait("Tier", "fast")]
public sealed class CheckedScoringTests
{
    private static readonly ScoringOptions s_exclude = new() { OnFailure = RewardFailure.Exclude };

    private static readonly Completion[] s_four =
    [
        .. Enumerable.Range(0, 4).Select(word => WordPolicy.Word("a prompt", word, word == 3 ? FinishReason.Length : FinishReason.Stopped)),
    ];

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public async Task Reward_that_is_not_finite_throws_and_names_the_completion(double bad)
    {
        var e = await Assert.ThrowsAsync<RewardModelException>(() => Score(Batch(c => c.Tokens[0] == 2 ? bad : 1), new()));
        Assert.Contains("completion 2", e.Message);
        Assert.Contains("\"a prompt\"", e.Message);
        Assert.Contains("\"word2\"", e.Message);
        Assert.Contains("Exclude", e.Message);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public async Task Reward_that_is_not_finite_is_left_out_when_asked(double bad) =>
        Assert.Equal([0, 1, null, 3], await Score(Batch(c => c.Tokens[0] == 2 ? bad : c.Tokens[0]), s_exclude));

    [Fact]
    public async Task Completions_from_elsewhere_are_gathered_by_prompt_with_their_rewards()
    {
        Completion[] drawn = [WordPolicy.Word("a", 1), WordPolicy.Word("b", 2), WordPolicy.Word("a", 3)];

        IReadOnlyList<ReferencePrompt> prompts = await ReferenceSamples.ScoreAsync(
            Batch(c => c.Tokens[0] == 3 ? double.NaN : c.Tokens[0]),
            drawn,
            s_exclude
        );

        Assert.Equal(["a", "b"], prompts.Select(prompt => prompt.Prompt.Text));
        Assert.Equal([1.0], prompts[0].Rewards.AsEnumerable());
        Assert.Equal(["word1"], prompts[0].Responses.AsEnumerable());
        Assert.Equal([2.0], prompts[1].Rewards.AsEnumerable());
        Assert.Equal(TruncationRule.Score, s_exclude.OnTruncated);
    }

    [Fact]
    public async Task Model_that_throws_is_named_with_its_own_error()
    {
        var e = await Assert.ThrowsAsync<RewardModelException>(() => Score(RewardModel.FromFunction(Broken, "judge 7"), new()));
        Assert.IsType<IOException>(e.InnerException);
        Assert.Contains("judge 7", e.Message);
        Assert.Contains("the service is down", e.Message);
        Assert.Contains("completion 0", e.Message);
    }

    [Fact]
    public async Task Reward_that_is_not_finite_once_a_truncated_completion_has_lost_its_part_is_named()
    {
        var options = new ScoringOptions { OnTruncated = TruncationRule.Subtract, TruncationValue = 1e308 };
        var e = await Assert.ThrowsAsync<RewardModelException>(() => Score(Batch(c => c.Tokens[0] == 3 ? -1.7e308 : 1), options));
        Assert.Contains("completion 3", e.Message, StringComparison.Ordinal);
        Assert.Contains("TruncationValue = 1E+308", e.Message, StringComparison.Ordinal);
        Assert.Equal(
            [1, 1, 1, null],
            await Score(Batch(c => c.Tokens[0] == 3 ? -1.7e308 : 1), options with { OnFailure = RewardFailure.Exclude })
        );
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public async Task Wrong_count_throws_and_names_both_counts(int returned)
    {
        var model = RewardModel.FromBatch((_, _) => Task.FromResult<RewardScores>(new double[returned]), "test judge");
        var e = await Assert.ThrowsAsync<RewardModelException>(() => Score(model, new()));
        Assert.Contains($"{returned} rewards for 4 completions", e.Message);
    }

    [Fact]
    public async Task Null_instead_of_rewards_throws() =>
        Assert.Contains(
            "null",
            (
                await Assert.ThrowsAsync<RewardModelException>(() =>
                    Score(RewardModel.FromBatch((_, _) => Task.FromResult<RewardScores>(null!), "test judge"), new())
                )
            ).Message
        );

    [Fact]
    public async Task Batch_that_fails_is_scored_one_by_one_so_that_only_the_culprit_is_left_out()
    {
        var sizes = new List<int>();
        var model = RewardModel.FromBatch(
            (completions, _) =>
            {
                sizes.Add(completions.Count);
                return completions.Any(c => c.Tokens[0] == 1)
                    ? throw new IOException("cannot read word1")
                    : Task.FromResult<RewardScores>([.. completions.Select(WordPolicy.Reward)]);
            },
            "test judge"
        );
        Assert.Equal([0, null, 2, 3], await Score(model, s_exclude));
        Assert.Equal([4, 1, 1, 1, 1], sizes);
    }

    [Fact]
    public async Task Reward_exception_of_the_model_itself_is_excluded_like_any_other() =>
        Assert.Equal(
            [0, null, 2, 3],
            await Score(
                RewardModel.FromFunction(
                    c => c.Tokens[0] == 1 ? throw new RewardModelException("inner judge") : WordPolicy.Reward(c),
                    "test judge"
                ),
                s_exclude
            )
        );

    [Fact]
    public async Task Wrong_count_for_a_batch_alone_costs_nothing_when_failures_are_excluded()
    {
        var model = RewardModel.FromBatch((completions, _) => Task.FromResult<RewardScores>([completions[0].Tokens[0]]), "test judge");
        Assert.Equal([0, 1, 2, 3], await Score(model, s_exclude));
    }

    [Fact]
    public async Task When_all_fail_there_is_an_exception_even_if_failures_are_excluded()
    {
        var e = await Assert.ThrowsAsync<RewardModelException>(() => Score(RewardModel.FromFunction(Broken, "test judge"), s_exclude));
        Assert.Contains("each of the 4", e.Message);
        Assert.IsType<IOException>(e.InnerException);
    }

    [Theory]
    [InlineData(RewardFailure.Throw)]
    [InlineData(RewardFailure.Exclude)]
    public async Task Cancellation_passes_untouched(RewardFailure onFailure)
    {
        using var source = new CancellationTokenSource();
        var model = RewardModel.FromAsync(
            async (_, ct) =>
            {
                await source.CancelAsync();
                ct.ThrowIfCancellationRequested();
                return 0;
            },
            "test judge"
        );
        var e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Score(model, new() { OnFailure = onFailure }, source.Token));
        Assert.Equal(source.Token, e.CancellationToken);
    }

    [Theory]
    [InlineData(RewardFailure.Throw)]
    [InlineData(RewardFailure.Exclude)]
    public async Task Cancellation_that_surfaces_as_another_exception_is_a_cancellation(RewardFailure onFailure)
    {
        using var source = new CancellationTokenSource();
        var model = RewardModel.FromFunction(
            completion =>
            {
                if (completion.Tokens[0] < 3)
                    return 1;
                source.Cancel(); // in the last batch, after which nothing looks at the token
                throw new InvalidDataException("Status(StatusCode=\"Cancelled\")");
            },
            "test judge"
        );
        foreach (IRewardModel asked in (IRewardModel[])[model, new WeightedRewardModel(new RewardTerm("term", model))])
        {
            var e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                Score(asked, new() { OnFailure = onFailure, BatchSize = 1 }, source.Token)
            );
            Assert.Equal(source.Token, e.CancellationToken);
        }
    }

    [Fact]
    public async Task Each_exclusion_is_told_with_its_reason()
    {
        var told = new List<string>();
        var model = Batch(c =>
            c.Tokens[0] switch
            {
                0 => double.NaN,
                2 => throw new IOException("cannot read word2"),
                _ => 1,
            }
        );
        Assert.Equal([null, 1, null, 1], await Score(model, s_exclude with { Logger = HeardLog.Warnings(told.Add) }));
        Assert.Equal(2, told.Count);
        Assert.Contains("completion 0", told[0]);
        Assert.Contains("returned NaN", told[0]);
        Assert.Contains("completion 2", told[1]);
        Assert.Contains("cannot read word2", told[1]);
        Assert.All(told, message => Assert.DoesNotContain("set ScoringOptions.OnFailure", message)); // it is what was asked for
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Service_that_is_away_ends_the_call_and_no_completion_is_blamed(bool wrapped)
    {
        int calls = 0;
        var told = new List<string>();
        var refused = new HttpRequestException("refused");
        var model = RewardModel.FromBatch(
            (completions, _) =>
                calls++ == 0
                    ? throw (
                        wrapped ? new AggregateException(new FormatException(), new InvalidOperationException("tried", refused)) : refused
                    )
                    : Task.FromResult<RewardScores>([.. completions.Select(WordPolicy.Reward)]),
            "test judge"
        );
        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            Score(model, s_exclude with { BatchSize = 2, Logger = HeardLog.Warnings(told.Add) })
        );
        Assert.Contains("a batch of 2 completions", error.Message);
        Assert.Contains("the fault is the service's", error.Message);
        Assert.Equal(1, calls);
        Assert.Empty(told);
    }

    [Theory]
    [InlineData(typeof(System.Net.Sockets.SocketException))]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(Polly.CircuitBreaker.BrokenCircuitException))]
    public async Task Failure_of_a_connection_blames_no_completion(Type failure)
    {
        var model = RewardModel.FromBatch((_, _) => throw (Exception)Activator.CreateInstance(failure)!, "test judge");
        var error = await Assert.ThrowsAsync<RewardModelException>(() => Score(model, s_exclude));
        Assert.Contains("the fault is the service's", error.Message);
    }

    [Fact]
    public async Task Timeout_of_the_model_is_a_failure_not_a_cancellation() =>
        await Assert.ThrowsAsync<RewardModelException>(() =>
            Score(RewardModel.FromAsync((_, _) => throw new TaskCanceledException("timed out"), "test judge"), new())
        );

    [Fact]
    public async Task Batches_are_no_larger_than_asked_and_keep_the_order()
    {
        var sizes = new List<int>();
        var model = RewardModel.FromBatch(
            (completions, _) =>
            {
                sizes.Add(completions.Count);
                return Task.FromResult<RewardScores>([.. completions.Select(WordPolicy.Reward)]);
            },
            "test judge"
        );
        Assert.Equal([0, 1, 2, 3], await Score(model, new() { BatchSize = 3 }));
        Assert.Equal([3, 1], sizes);
    }

    [Fact]
    public async Task Truncated_completion_is_scored_by_default() =>
        Assert.Equal([0, 1, 2, 3], await Score(Batch(WordPolicy.Reward), new()));

    [Fact]
    public async Task Truncated_completion_is_left_out_unscored_when_asked() =>
        Assert.Equal([0, 1, 2, null], await Score(Batch(Untruncated), new() { OnTruncated = TruncationRule.Exclude }));

    [Fact]
    public async Task Truncated_completion_gets_the_given_reward_unscored_when_asked() =>
        Assert.Equal([0, 1, 2, -7], await Score(Batch(Untruncated), new() { OnTruncated = TruncationRule.Replace, TruncationValue = -7 }));

    [Fact]
    public async Task Truncated_completion_pays_the_penalty_when_asked() =>
        Assert.Equal(
            [0, 1, 2, -4],
            await Score(Batch(WordPolicy.Reward), new() { OnTruncated = TruncationRule.Subtract, TruncationValue = 7 })
        );

    [Fact]
    public void Options_name_all_their_faults_in_one_message()
    {
        var options = new ScoringOptions
        {
            OnFailure = (RewardFailure)9,
            OnTruncated = (TruncationRule)8,
            TruncationValue = double.NaN,
            BatchSize = 0,
        };
        string message = Assert.Throws<ArgumentException>(options.Validate).Message;
        foreach (string name in (string[])["OnFailure is 9", "OnTruncated is 8", "TruncationValue is NaN", "BatchSize is 0"])
            Assert.Contains(name, message);
    }

    private static Task<double?[]> Score(IRewardModel model, ScoringOptions options, CancellationToken cancellationToken = default) =>
        CheckedScoring.ScoreAsync(model, s_four, options, cancellationToken);

    private static IRewardModel Batch(Func<Completion, double> score) =>
        RewardModel.FromBatch((completions, _) => Task.FromResult<RewardScores>([.. completions.Select(score)]), "test judge");

    private static double Untruncated(Completion completion) =>
        completion.FinishReason == FinishReason.Stopped
            ? WordPolicy.Reward(completion)
            : throw new InvalidOperationException("asked for a truncated completion");

    private static double Broken(Completion completion) => throw new IOException("the service is down");
}
