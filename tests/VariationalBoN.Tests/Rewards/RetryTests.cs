using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Rewards;

[Trait("Tier", "fast")]
public sealed class RetryTests
{
    private static readonly Completion[] s_two = [WordPolicy.Word("a", 1), WordPolicy.Word("b", 2)];

    private readonly ConcurrentQueue<LogLine> _retries = [];

    [Theory]
    [InlineData(RemoteFailure.Unavailable)]
    [InlineData(RemoteFailure.ServerError)]
    public async Task Failure_that_passes_is_waited_out(RemoteFailure failure)
    {
        var model = FailsThenScores(3, () => new RemoteServiceException(failure, "away"));

        Assert.Equal([1, 2], await model.WithRetry(Options()).ScoreAsync(s_two, CancellationToken.None));

        Assert.Equal([1, 2, 3], _retries.Select(retry => (int)retry.Values["Attempt"]!));
        Assert.All(_retries, retry => Assert.Equal((LogLevel.Warning, "Retry"), (retry.Level, retry.Event.Name)));
        Assert.All(_retries, retry => Assert.Equal("away", retry.Error!.Message));
    }

    [Theory]
    [InlineData(RemoteFailure.Rejected)]
    [InlineData(RemoteFailure.BadAnswer)]
    public async Task Failure_that_stays_is_thrown_at_once_as_it_is(RemoteFailure failure)
    {
        var error = new RemoteServiceException(failure, "no");
        Assert.Same(
            error,
            await Assert.ThrowsAsync<RemoteServiceException>(() =>
                FailsThenScores(1, () => error).WithRetry(Options()).ScoreAsync(s_two, CancellationToken.None)
            )
        );
        Assert.Empty(_retries);
    }

    [Fact]
    public async Task Own_error_of_the_model_is_no_passing_failure_unless_said_so()
    {
        var model = FailsThenScores(1, () => new InvalidOperationException("own"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => model.WithRetry(Options()).ScoreAsync(s_two, CancellationToken.None));
        Assert.Equal(
            [1, 2],
            await FailsThenScores(1, () => new InvalidOperationException("own"))
                .WithRetry(Options() with { IsTransient = e => e is InvalidOperationException })
                .ScoreAsync(s_two, CancellationToken.None)
        );
    }

    [Fact]
    public async Task What_is_given_up_says_how_often_and_how_long()
    {
        var model = FailsThenScores(99, () => new IOException("the line is dead"));
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            model.WithRetry(Options()).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Equal(RemoteFailure.Unavailable, error.Failure);
        Assert.Contains("the line is dead", error.Message);
        Assert.Contains("after 6 tries in ", error.Message);
        Assert.IsType<IOException>(error.InnerException);
        Assert.Equal(5, _retries.Count);
    }

    [Fact]
    public async Task Waits_grow_with_jitter_and_stay_below_the_limit()
    {
        var options = Options() with { MaxRetries = 40, BaseDelay = TimeSpan.FromSeconds(1), MaxDelay = TimeSpan.FromSeconds(20) };
        await Assert.ThrowsAsync<RemoteServiceException>(() =>
            FailsThenScores(99, () => new IOException()).WithRetry(options).ScoreAsync(s_two, CancellationToken.None)
        );
        double[] waits = [.. _retries.Select(retry => ((TimeSpan)retry.Values["Delay"]!).TotalSeconds)];
        Assert.All(waits, wait => Assert.InRange(wait, 0, 20));
        Assert.True(waits[0] < 5, $"The first wait was {waits[0]} s.");
        Assert.True(waits[10..].Average() > 15, $"The waits were {string.Join(", ", waits)} s.");
    }

    [Theory]
    [InlineData(7, 7)]
    [InlineData(7000, 20)]
    public async Task Wait_that_the_service_asks_for_counts_up_to_the_limit(double asked, double waited)
    {
        var model = FailsThenScores(
            1,
            () => new RemoteServiceException(RemoteFailure.Unavailable, "429", null, TimeSpan.FromSeconds(asked))
        );
        await model.WithRetry(Options() with { MaxDelay = TimeSpan.FromSeconds(20) }).ScoreAsync(s_two, CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(waited), Assert.Single(_retries).Values["Delay"]);
    }

    [Fact]
    public async Task Try_that_takes_too_long_is_ended_and_made_again()
    {
        int calls = 0;
        var model = RewardModel.FromBatch(
            async (completions, token) =>
            {
                if (calls++ == 0)
                    await Task.Delay(Timeout.Infinite, token);
                return [.. completions.Select(WordPolicy.Reward)];
            },
            "test judge"
        );
        var options = Options() with
        {
            Timeout = TimeSpan.FromMilliseconds(50),
            TimeProvider = TimeProvider.System,
            BaseDelay = TimeSpan.Zero,
        };
        Assert.Equal([1, 2], await model.WithRetry(options).ScoreAsync(s_two, CancellationToken.None));
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task Without_retries_a_timeout_is_still_a_failure_that_names_the_limit()
    {
        var model = RewardModel.FromAsync(
            async (_, token) =>
            {
                await Task.Delay(Timeout.Infinite, token);
                return 0;
            },
            "test judge"
        );
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            model.WithRetry(new() { MaxRetries = 0, Timeout = TimeSpan.FromMilliseconds(50) }).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Contains("no answer within 0.05 s. Given up after 1 try", error.Message);
    }

    [Fact]
    public async Task Cancellation_during_a_wait_passes_untouched()
    {
        using var source = new CancellationTokenSource();
        var options = new RetryOptions
        {
            BaseDelay = TimeSpan.FromHours(1),
            MaxDelay = TimeSpan.FromHours(1),
            Logger = new HeardLog(_ => source.Cancel()),
        };
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            FailsThenScores(9, () => new IOException()).WithRetry(options).ScoreAsync(s_two, source.Token)
        );
        Assert.Equal(source.Token, error.CancellationToken);
    }

    [Fact]
    public async Task Cancellation_during_a_try_passes_untouched_and_is_not_tried_again()
    {
        using var source = new CancellationTokenSource();
        var model = RewardModel.FromBatch(
            (_, token) =>
            {
                source.Cancel();
                token.ThrowIfCancellationRequested();
                throw new InvalidOperationException("The token of the caller does not reach the call.");
            },
            "test judge"
        );
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            model.WithRetry(Options()).ScoreAsync(s_two, source.Token)
        );
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Empty(_retries);
    }

    [Fact]
    public async Task Cancellation_that_surfaces_as_another_exception_is_a_cancellation()
    {
        using var source = new CancellationTokenSource();
        var model = RewardModel.FromBatch(
            (_, _) =>
            {
                source.Cancel();
                throw new InvalidDataException("Status(StatusCode=\"Cancelled\")");
            },
            "test judge"
        );
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            model.WithRetry(Options()).ScoreAsync(s_two, source.Token)
        );
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Empty(_retries);
    }

    [Fact]
    public async Task Try_whose_end_surfaces_as_another_exception_took_too_long_all_the_same()
    {
        int calls = 0;
        var model = RewardModel.FromBatch(
            async (completions, token) =>
            {
                if (calls++ == 0)
                    await Task.Delay(Timeout.Infinite, token)
                        .ContinueWith(_ => throw new InvalidDataException("Cancelled"), TaskScheduler.Default);
                return [.. completions.Select(WordPolicy.Reward)];
            },
            "test judge"
        );
        Assert.Equal(
            [1, 2],
            await model
                .WithRetry(
                    Options() with
                    {
                        Timeout = TimeSpan.FromMilliseconds(50),
                        TimeProvider = TimeProvider.System,
                        BaseDelay = TimeSpan.Zero,
                    }
                )
                .ScoreAsync(s_two, CancellationToken.None)
        );
    }

    public static TheoryData<Exception, RemoteFailure?> Wrapped =>
        new()
        {
            {
                new AggregateException(
                    new FormatException(),
                    new InvalidOperationException("3 tries", new HttpRequestException("refused"))
                ),
                RemoteFailure.Unavailable
            },
            { new AggregateException(new HttpRequestException("refused"), new FormatException()), null },
            { new InvalidOperationException("own", new RemoteServiceException(RemoteFailure.BadAnswer, "NaN")), RemoteFailure.BadAnswer },
            { new RewardModelException("term", new TimeoutException()), RemoteFailure.Unavailable },
            { new InvalidOperationException("own"), null },
        };

    [Theory]
    [MemberData(nameof(Wrapped))]
    public void Exception_made_of_another_says_what_that_one_says(Exception error, RemoteFailure? failure)
    {
        Assert.Equal(failure, RetryPolicy.FailureOf(error));
        Assert.Equal(failure == RemoteFailure.Unavailable, RetryPolicy.IsTransient(error));
    }

    [Theory]
    [InlineData(503, RemoteFailure.Unavailable, 6)]
    [InlineData(500, RemoteFailure.ServerError, 6)]
    [InlineData(404, RemoteFailure.Misdirected, 1)]
    [InlineData(422, RemoteFailure.Rejected, 1)]
    [InlineData(0, null, 1)]
    public async Task Status_of_an_exception_of_the_client_decides(int status, RemoteFailure? failure, int calls)
    {
        int made = 0;
        var model = RewardModel.FromBatch(
            (_, _) =>
            {
                made++;
                throw new RewardModelException("term", new InvalidDataException("own"));
            },
            "test judge"
        );
        var error = await Assert.ThrowsAnyAsync<Exception>(() =>
            model
                .WithRetry(Options() with { StatusOf = e => e is InvalidDataException ? status : null })
                .ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Equal((failure, calls), ((error as RemoteServiceException)?.Failure, made));
    }

    [Theory]
    [InlineData(401, true)]
    [InlineData(404, true)]
    [InlineData(422, false)]
    public async Task What_is_the_services_own_fault_ends_a_call_that_leaves_out_failures(int status, bool ends)
    {
        var model = RewardModel
            .FromFunction(completion => completion == s_two[1] ? throw new InvalidDataException("own") : 1, "test judge")
            .WithRetry(Options() with { StatusOf = e => e is InvalidDataException ? status : null });
        var scoring = new ScoringOptions { OnFailure = RewardFailure.Exclude };
        if (ends)
        {
            var error = await Assert.ThrowsAsync<RewardModelException>(() => CheckedScoring.ScoreAsync(model, s_two, scoring, default));
            Assert.Equal(RemoteFailure.Misdirected, RetryPolicy.FailureOf(error));
        }
        else
        {
            double?[] rewards = await CheckedScoring.ScoreAsync(model, s_two, scoring, default);
            Assert.Equal([1, null], rewards);
        }
    }

    [Fact]
    public async Task Status_is_believed_over_what_the_failure_was_taken_for()
    {
        var model = RewardModel.FromBatch(
            (_, _) => throw new RemoteServiceException("away", new InvalidDataException("own", new IOException("cut"))),
            "test judge"
        );
        var retry = Options() with { StatusOf = e => e is InvalidDataException ? 401 : null };
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            model.WithRetry(retry).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Equal(RemoteFailure.Misdirected, error.Failure);
    }

    [Fact]
    public async Task Failure_that_passes_is_told_as_one_although_it_was_tried_once()
    {
        var options = Options() with { MaxRetries = 0, StatusOf = e => e is InvalidDataException ? 503 : null };
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            FailsThenScores(1, () => new InvalidDataException("restarting")).WithRetry(options).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Equal(RemoteFailure.Unavailable, error.Failure);
        Assert.Contains("after 1 try", error.Message);
    }

    [Fact]
    public async Task Identity_batch_size_and_components_pass_through()
    {
        var inner = new WeightedRewardModel(new RewardTerm("part", new Capped(RewardModel.FromFunction(WordPolicy.Reward, "j"), 3), 2));
        IRewardModel model = inner.WithRetry();
        Assert.Equal((inner.Identity, 3), (model.Identity, model.MaxBatchSize));
        IReadOnlyList<double> rewards = await model.ScoreAsync(s_two, CancellationToken.None);
        Assert.Equal([1, 2], Assert.IsType<RewardScores>(rewards).Components["part"].ToArray());
    }

    [Fact]
    public void Options_name_all_their_faults_in_one_message()
    {
        var options = new RetryOptions
        {
            MaxRetries = -1,
            BaseDelay = TimeSpan.FromDays(2),
            MaxDelay = TimeSpan.Zero,
            Timeout = TimeSpan.FromMilliseconds(1),
            IsTransient = null!,
            TimeProvider = null!,
        };
        string message = Assert.Throws<ArgumentException>(() => new RetryPolicy(options)).Message;
        foreach (
            string name in (string[])
                [
                    "MaxRetries is -1",
                    "BaseDelay is 2.00:00:00",
                    "MaxDelay is 00:00:00",
                    "Timeout is 00:00:00.001",
                    "IsTransient",
                    "TimeProvider",
                ]
        )
            Assert.Contains(name, message);
    }

    /// <summary>For calls of your own that are no reward model, such as one that draws.</summary>
    [Fact]
    public async Task Any_call_is_made_again_and_returns_what_succeeded()
    {
        int calls = 0;
        var policy = new RetryPolicy(Options());

        string answer = await policy.ExecuteAsync(
            _ => ++calls < 3 ? throw new IOException("broken") : Task.FromResult("answer"),
            CancellationToken.None
        );

        Assert.Equal(("answer", 3), (answer, calls));
        Assert.Equal(2, _retries.Count);
        await Assert.ThrowsAsync<OperationCanceledException>(() =>
            policy.ExecuteAsync<string>(_ => throw new IOException("broken"), new CancellationToken(canceled: true))
        );
    }

    private static IRewardModel FailsThenScores(int failures, Func<Exception> error)
    {
        int calls = 0;
        return RewardModel.FromBatch(
            (completions, _) =>
                calls++ < failures ? throw error() : Task.FromResult<RewardScores>([.. completions.Select(WordPolicy.Reward)]),
            "test judge"
        );
    }

    private RetryOptions Options() =>
        new()
        {
            MaxRetries = 5,
            Timeout = null,
            TimeProvider = new ImpatientTime(),
            Logger = new HeardLog(_retries.Enqueue),
        };
}
