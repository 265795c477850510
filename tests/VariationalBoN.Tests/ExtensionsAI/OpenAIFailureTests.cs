using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using VariationalBoN.Extensions.AI.Judges;
using VariationalBoN.Extensions.AI.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Rewards;
using static VariationalBoN.Tests.Rewards.ScriptedServer;

namespace VariationalBoN.Tests.ExtensionsAI;

/// <summary>What goes wrong over HTTP, for judge and sampler through the client of OpenAI's protocol,
/// whose own tries wrap what they meet.</summary>
[Trait("Tier", "fast")]
public sealed class OpenAIFailureTests
{
    private static readonly string s_whole = OpenAIWireTests.Chat("0.5", "stop");
    private static readonly Completion[] s_one = [new() { Prompt = "p", Text = "y" }];

    private readonly ConcurrentQueue<LogLine> _retries = [];

    public static TheoryData<string, string?, RemoteFailure> Failures =>
        new()
        {
            { "dropped", null, RemoteFailure.Unavailable },
            { "half a head", "HTTP/1.1 200 OK\r\nContent-Le", RemoteFailure.Unavailable },
            { "half a body", Answer(s_whole)[..^20], RemoteFailure.Unavailable },
            {
                "half the chunks",
                $"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{s_whole.Length:x}\r\n{s_whole[..30]}\r\n",
                RemoteFailure.Unavailable
            },
            {
                "half a JSON",
                $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{s_whole[..40]}",
                RemoteFailure.Unavailable
            },
            { "no body", Answer(""), RemoteFailure.Unavailable },
            { "a page of a proxy", Answer("<html>"), RemoteFailure.Unavailable },
            { "408", Answer("", "408 Slow"), RemoteFailure.Unavailable },
            { "429", Answer("", "429 Busy", "Retry-After: 0\r\n"), RemoteFailure.Unavailable },
            { "503", Answer("", "503 Away"), RemoteFailure.Unavailable },
            { "500", Answer("", "500 Oops"), RemoteFailure.ServerError },
            { "401", Answer("", "401 Who"), RemoteFailure.Misdirected },
            {
                "no choice",
                Answer("""{"id": "1", "object": "chat.completion", "created": 1, "model": "served", "choices": []}"""),
                RemoteFailure.BadAnswer
            },
        };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Each_failure_is_told_and_tried_again_where_that_can_help(string what, string? answer, RemoteFailure failure)
    {
        foreach (int ownTries in (int[])[0, 2]) // those of the client, which change what it throws
        {
            await using var server = new ScriptedServer(_ => answer);
            using IChatClient client = Client(server.Endpoint, ownTries);
            _retries.Clear();
            Assert.Equal(failure, await SamplerFailsAsync(client));
            Assert.Equal(failure, await JudgeFailsAsync(client));
            Assert.True(
                _retries.Count == (failure is RemoteFailure.Unavailable or RemoteFailure.ServerError ? 4 : 0),
                $"{what}: {_retries.Count} retries"
            );
        }
    }

    [Fact]
    public async Task Server_that_is_not_there_or_too_slow_is_away()
    {
        await using ScriptedServer silent = Silent();
        foreach (Uri endpoint in (Uri[])[Nobody(), silent.Endpoint])
        {
            foreach (int ownTries in (int[])[0, 1])
            {
                using IChatClient client = Client(endpoint, ownTries, TimeSpan.FromMilliseconds(100));
                Assert.Equal(RemoteFailure.Unavailable, await SamplerFailsAsync(client));
                Assert.Equal(RemoteFailure.Unavailable, await JudgeFailsAsync(client));
            }
        }
    }

    [Fact]
    public async Task Judge_that_is_away_is_seen_to_be_away_without_retries_of_ours()
    {
        using IChatClient client = Client(Nobody(), 1);
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => Judge(client).ScoreAsync(s_one, CancellationToken.None));
        Assert.Equal(RemoteFailure.Unavailable, error.Failure);
        Assert.IsType<AggregateException>(error.InnerException);
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("1e999")]
    [InlineData("")]
    public async Task Answer_that_is_no_finite_number_is_no_reward(string text)
    {
        await using var server = new ScriptedServer(_ => Answer(OpenAIWireTests.Chat(text, "stop")));
        using IChatClient client = Client(server.Endpoint, 0);
        Assert.Equal(RemoteFailure.BadReward, await JudgeFailsAsync(client));
        Assert.Equal(1, server.Requests);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Cancellation_passes_untouched(int ownTries)
    {
        foreach (bool judge in (bool[])[true, false])
        {
            var arrived = new TaskCompletionSource();
            await using ScriptedServer server = Silent(arrived);
            using IChatClient client = Client(server.Endpoint, ownTries);
            using var source = new CancellationTokenSource();
            Task asking = judge
                ? CheckedScoring.ScoreAsync(
                    Judge(client).WithRetry(Retry()),
                    s_one,
                    new() { OnFailure = RewardFailure.Exclude },
                    source.Token
                )
                : Sampler(client).SampleAsync(["p"], 1, 0, source.Token);
            await arrived.Task;
            await source.CancelAsync();
            Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking)).CancellationToken);
            Assert.Equal(1, server.Requests);
        }
    }

    [Fact]
    public async Task Job_ends_with_the_right_numbers_through_all_failures_that_pass()
    {
        string?[] passing =
        [
            .. Failures
                .Where(row => (RemoteFailure)row[2] is RemoteFailure.Unavailable or RemoteFailure.ServerError)
                .Select(row => (string?)row[1]),
        ];
        int calls = -1;
        await using var server = new ScriptedServer(
            (_, body, _) =>
            {
                int call = Interlocked.Increment(ref calls);
                string asked = JsonDocument.Parse(body).RootElement.GetProperty("messages")[0].GetProperty("content").GetString()!;
                return Task.FromResult(call % 2 == 0 ? passing[call / 2 % passing.Length] : Answer(OpenAIWireTests.Chat(asked, "stop")));
            }
        );
        using IChatClient client = Client(server.Endpoint, 0);
        string[] numbers = [.. Enumerable.Range(0, 12).Select(i => $"{i}")];
        RetryOptions patient = Retry() with { MaxRetries = 100 };

        IReadOnlyList<Completion> drawn = await new ChatReferenceSampler(
            client,
            new()
            {
                MaxOutputTokens = 3,
                MaxConcurrency = 3,
                Retry = patient,
            }
        ).SampleAsync(Prompt.FromTexts(numbers), 1, 0);
        double?[] rewards = await CheckedScoring.ScoreAsync(Judge(client).WithRetry(patient), drawn, new() { MaxConcurrency = 3 }, default);

        Assert.Equal(numbers, drawn.Select(completion => completion.Text));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => (double?)i), rewards);
        Assert.Equal(server.Requests - 24, _retries.Count); // each request but the 24 that were answered was one retry
    }

    private static IChatClient Client(Uri server, int ownTries, TimeSpan? timeout = null) => new OpenAIClient(
            new ApiKeyCredential("none"),
            new OpenAIClientOptions
            {
                Endpoint = new Uri(server, "/v1"),
                RetryPolicy = new AtOnce(ownTries),
                NetworkTimeout = timeout,
            }
        ).GetChatClient("served").AsIChatClient();

    private static ChatRewardModel Judge(IChatClient client) => new(client, new() { Template = "{completion}" });

    private static ScriptedServer Silent(TaskCompletionSource? arrived = null) =>
        new(
            async (_, _, stop) =>
            {
                arrived?.TrySetResult();
                await Task.Delay(Timeout.Infinite, stop);
                return null;
            }
        );

    private ChatReferenceSampler Sampler(IChatClient client) => new(client, new() { MaxOutputTokens = 3, Retry = Retry() });

    private async Task<RemoteFailure> SamplerFailsAsync(IChatClient client) =>
        (await Assert.ThrowsAsync<RemoteServiceException>(() => Sampler(client).SampleAsync(["p"], 1, 0))).Failure;

    private async Task<RemoteFailure> JudgeFailsAsync(IChatClient client)
    {
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            Judge(client).WithRetry(Retry()).ScoreAsync(s_one, CancellationToken.None)
        );
        return error.Failure;
    }

    private RetryOptions Retry() =>
        new()
        {
            MaxRetries = 2,
            Timeout = null,
            TimeProvider = new ImpatientTime(),
            Logger = new HeardLog(_retries.Enqueue),
            StatusOf = e => (e as ClientResultException)?.Status,
        };

    /// <summary>The client's own tries without their waits.</summary>
    private sealed class AtOnce(int tries) : ClientRetryPolicy(tries)
    {
        protected override TimeSpan GetNextDelay(PipelineMessage message, int tryCount) => TimeSpan.Zero;
    }
}
