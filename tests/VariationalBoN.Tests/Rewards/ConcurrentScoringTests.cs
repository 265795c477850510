using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Rewards;

[Trait("Tier", "fast")]
public sealed class ConcurrentScoringTests
{
    private static readonly Completion[] s_words = [.. Enumerable.Range(0, 24).Select(word => WordPolicy.Word("p", word))];
    private static readonly double?[] s_rewards = [.. Enumerable.Range(0, 24).Select(word => (double?)word)];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task No_more_calls_than_allowed_are_under_way_and_rewards_keep_their_order(int most)
    {
        int now = 0,
            peak = 0;
        var gate = new CountdownTask(Math.Min(most, 12)); // the first calls wait for one another, so the bound is reached, not only kept
        int calls = 0;
        var model = RewardModel.FromBatch(
            async (completions, _) =>
            {
                int underWay = Interlocked.Increment(ref now);
                InterlockedMax(ref peak, underWay);
                if (Interlocked.Increment(ref calls) <= Math.Min(most, 12))
                    await gate.SignalAndWaitAsync();
                await Task.Yield();
                Interlocked.Decrement(ref now);
                return [.. completions.Select(WordPolicy.Reward)];
            },
            "test judge"
        );

        Assert.Equal(s_rewards, await CheckedScoring.ScoreAsync(model, s_words, new() { BatchSize = 2, MaxConcurrency = most }, default));

        Assert.Equal(Math.Min(most, 12), peak);
        Assert.Equal(12, calls);
    }

    [Fact]
    public async Task First_failure_stops_the_other_calls()
    {
        var begun = new CountdownTask(3);
        var model = RewardModel.FromAsync(
            async (completion, token) =>
            {
                await begun.SignalAndWaitAsync();
                if (completion.Tokens[0] == 1)
                    throw new IOException("broken");
                await Task.Delay(Timeout.Infinite, token); // ends only because the failure cancels it
                return 0;
            },
            "test judge"
        );
        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            CheckedScoring.ScoreAsync(model, s_words, new() { BatchSize = 1, MaxConcurrency = 3 }, default)
        );
        Assert.Contains("completion 1 ", error.Message);
        Assert.Contains("broken", error.Message);
    }

    [Fact]
    public async Task Failures_are_left_out_and_only_they()
    {
        var model = RewardModel.FromFunction(
            c => c.Tokens[0] % 5 == 2 ? throw new IOException("broken") : WordPolicy.Reward(c),
            "test judge"
        );
        double?[] expected = [.. s_rewards.Select(reward => reward % 5 == 2 ? null : reward)];
        Assert.Equal(
            expected,
            await CheckedScoring.ScoreAsync(
                model,
                s_words,
                new()
                {
                    BatchSize = 4,
                    MaxConcurrency = 3,
                    OnFailure = RewardFailure.Exclude,
                },
                default
            )
        );
    }

    [Fact]
    public async Task Cancellation_passes_untouched()
    {
        using var source = new CancellationTokenSource();
        var begun = new CountdownTask(2);
        var model = RewardModel.FromAsync(
            async (_, token) =>
            {
                await begun.SignalAndWaitAsync();
                await source.CancelAsync();
                await Task.Delay(Timeout.Infinite, token);
                return 0;
            },
            "test judge"
        );
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            CheckedScoring.ScoreAsync(
                model,
                s_words,
                new()
                {
                    BatchSize = 1,
                    MaxConcurrency = 2,
                    OnFailure = RewardFailure.Exclude,
                },
                source.Token
            )
        );
        Assert.Equal(source.Token, error.CancellationToken);
    }

    [Fact]
    public async Task Batch_is_no_larger_than_the_model_takes() =>
        Assert.Equal(
            s_rewards,
            await CheckedScoring.ScoreAsync(
                new Capped(RewardModel.FromFunction(WordPolicy.Reward, "test judge"), 5),
                s_words,
                new(),
                default
            )
        );

    [Fact]
    public async Task Model_that_takes_nothing_is_refused() =>
        Assert.Contains(
            "MaxBatchSize 0",
            (
                await Assert.ThrowsAsync<InvalidOperationException>(() =>
                    CheckedScoring.ScoreAsync(
                        new Capped(RewardModel.FromFunction(WordPolicy.Reward, "test judge"), 0),
                        s_words,
                        new(),
                        default
                    )
                )
            ).Message
        );

    [Theory]
    [InlineData(RemoteFailure.Unavailable, true)]
    [InlineData(RemoteFailure.ServerError, true)]
    [InlineData(RemoteFailure.Misdirected, true)]
    [InlineData(RemoteFailure.BadAnswer, true)]
    [InlineData(RemoteFailure.Rejected, false)]
    [InlineData(RemoteFailure.BadReward, false)]
    public async Task Fault_of_the_service_ends_the_call_and_that_of_a_completion_leaves_it_out(RemoteFailure failure, bool isOfService)
    {
        int calls = 0;
        var model = RewardModel.FromBatch(
            (completions, _) =>
            {
                if (completions.All(completion => completion.Tokens[0] != 6))
                    return Task.FromResult<RewardScores>([.. completions.Select(WordPolicy.Reward)]);
                calls++;
                throw new RemoteServiceException(failure, "no answer");
            },
            "test judge"
        );
        var options = new ScoringOptions { BatchSize = 4, OnFailure = RewardFailure.Exclude };
        if (isOfService)
        {
            var error = await Assert.ThrowsAsync<RewardModelException>(() =>
                CheckedScoring.ScoreAsync(model, s_words[..8], options, default)
            );
            Assert.Contains("the fault is the service's", error.Message);
            Assert.Equal(1, calls);
            return;
        }

        Assert.Equal([0, 1, 2, 3, 4, 5, null, 7], await CheckedScoring.ScoreAsync(model, s_words[..8], options, default));
        Assert.Equal(2, calls); // the batch, then the completion alone
    }

    [Fact]
    public async Task Components_of_all_batches_are_put_together_and_gaps_are_null()
    {
        var model = RewardModel.FromBatch(
            (completions, _) =>
                Task.FromResult<RewardScores>(
                    completions[0].Tokens[0] >= 20
                        ? [.. completions.Select(WordPolicy.Reward)]
                        : new RewardScores(
                            completions.Select(WordPolicy.Reward),
                            [new("half", [.. completions.Select(c => c.Tokens[0] / 2.0)])]
                        )
                ),
            "test judge"
        );
        CheckedRewards found = await CheckedScoring.ScoreComponentsAsync(
            model,
            s_words,
            new() { BatchSize = 4, MaxConcurrency = 2 },
            default
        );
        Assert.Equal([.. s_rewards.Take(20).Select(reward => reward / 2), null, null, null, null], Assert.Single(found.Components).Value);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (int seen = target; seen < value; seen = target)
            Interlocked.CompareExchange(ref target, value, seen);
    }
}
