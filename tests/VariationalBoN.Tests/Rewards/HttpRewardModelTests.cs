using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Polly.CircuitBreaker;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.References;
using static VariationalBoN.Tests.Rewards.ScriptedServer;

namespace VariationalBoN.Tests.Rewards;

[Trait("Tier", "fast")]
public sealed class HttpRewardModelTests
{
    private static readonly Completion[] s_two = [WordPolicy.Word("say \"hi\"", 1), WordPolicy.Word("é\n", 2, FinishReason.Length)];

    [Fact]
    public async Task Request_is_the_documented_schema_and_rewards_come_back_in_order()
    {
        string sent = "";
        await using var server = new ScriptedServer(
            (_, body, _) =>
            {
                sent = body;
                return Task.FromResult<string?>(Answer("""{"rewards": [-1.5, 2e-3], "model": "judge 1", "components": null}"""));
            }
        );

        Assert.Equal([-1.5, 0.002], await Ask(server));

        JsonElement[] completions = [.. JsonDocument.Parse(sent).RootElement.GetProperty("completions").EnumerateArray()];
        Assert.Equal(["say \"hi\"", "é\n"], completions.Select(c => c.GetProperty("prompt").GetString()));
        Assert.Equal(["word1", "word2"], completions.Select(c => c.GetProperty("text").GetString()));
        Assert.Equal(["stopped", "length"], completions.Select(c => c.GetProperty("finishReason").GetString()));
    }

    [Fact]
    public async Task Components_of_the_service_are_kept_by_name()
    {
        await using var server = new ScriptedServer(_ =>
            Answer("""{"rewards": [1, 2], "components": {"style": [0.5, 1], "facts": [3, 4]}}""")
        );
        var rewards = Assert.IsType<RewardScores>(await Ask(server));
        Assert.Equal([1, 2], rewards);
        Assert.Equal(["facts", "style"], rewards.Components.Keys);
        Assert.Equal([0.5, 1], rewards.Components["style"].ToArray());
    }

    public static TheoryData<string, string> Unusable =>
        new()
        {
            { """{"rewards": [1]}""", "1 rewards for 2 completions" },
            { """{"rewards": [1, 2, 3]}""", "3 rewards for 2 completions" },
            { """{"rewards": [1, NaN]}""", "NaN and Infinity are not" },
            { """{"rewards": [1, null]}""", "\"rewards\"[1] is null" },
            { """{"rewards": [1, "2"]}""", "\"rewards\"[1] is \"2\"" },
            { """{"rewards": [1, 1e999]}""", "reward 1 is Infinity; it must be finite. It belongs to prompt \"é\n\", text \"word2\"" },
            { """{"rewards": 3}""", "\"rewards\" is a number" },
            { """{"scores": [1, 2]}""", "no \"rewards\"" },
            { """[1, 2]""", "an array, not an object" },
            { """<html>sorry</html>""", "<html>sorry" },
            { """{"rewards": [1, 2]} {}""", "follows the JSON value at byte 19" },
            { """{"rewards": [1, 2], "model": "judge 2"}""", "\"judge 2\", expected was \"judge 1\"" },
            { """{"rewards": [1, 2], "components": {"style": [1]}}""", "\"style\" has 1 values for 2" },
            { """{"rewards": [1, 2], "components": [1]}""", "\"components\" is an array" },
        };

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task Answer_that_is_not_usable_is_named_with_address_status_and_fault(string body, string fault)
    {
        await using var server = new ScriptedServer(_ => Answer(body));
        RemoteServiceException error = await Fails(
            server,
            fault.Contains("must be finite. It", StringComparison.Ordinal) ? RemoteFailure.BadReward : RemoteFailure.BadAnswer
        );
        Assert.Contains(fault, error.Message);
        Assert.Contains(server.Endpoint.ToString(), error.Message);
        Assert.Contains("200 OK", error.Message);
        Assert.Contains("docs/remote-rewards.md", error.Message);
    }

    [Theory]
    [InlineData(400, RemoteFailure.Rejected)]
    [InlineData(301, RemoteFailure.Misdirected)]
    [InlineData(401, RemoteFailure.Misdirected)]
    [InlineData(403, RemoteFailure.Misdirected)]
    [InlineData(404, RemoteFailure.Misdirected)]
    [InlineData(413, RemoteFailure.Rejected)]
    [InlineData(422, RemoteFailure.Rejected)]
    [InlineData(408, RemoteFailure.Unavailable)]
    [InlineData(429, RemoteFailure.Unavailable)]
    [InlineData(500, RemoteFailure.ServerError)]
    [InlineData(501, RemoteFailure.ServerError)]
    [InlineData(502, RemoteFailure.Unavailable)]
    [InlineData(503, RemoteFailure.Unavailable)]
    [InlineData(504, RemoteFailure.Unavailable)]
    public async Task Status_decides_whether_asking_again_can_help(int status, RemoteFailure failure)
    {
        await using var server = new ScriptedServer(_ =>
            Answer("what went\nwrong", string.Create(CultureInfo.InvariantCulture, $"{status} Oops"))
        );
        RemoteServiceException error = await Fails(server, failure);
        Assert.Contains($"{status} Oops: \"what went wrong\"", error.Message);
        Assert.Null(error.RetryAfter);
    }

    [Fact]
    public async Task Wait_that_the_service_asks_for_is_kept()
    {
        await using var server = new ScriptedServer(i =>
            Answer("", "429 Slow down", i == 0 ? "Retry-After: 7\r\n" : "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n")
        );
        Assert.Equal(TimeSpan.FromSeconds(7), (await Fails(server, RemoteFailure.Unavailable)).RetryAfter);
        Assert.Equal(TimeSpan.Zero, (await Fails(server, RemoteFailure.Unavailable)).RetryAfter);
    }

    [Fact]
    public async Task Service_that_is_not_there_is_named()
    {
        Uri nobody = Nobody();
        using var client = new HttpClient();
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => Model(client, nobody).ScoreAsync(s_two, CancellationToken.None));
        Assert.Equal(RemoteFailure.Unavailable, error.Failure);
        Assert.Contains(nobody.ToString(), error.Message);
        Assert.Contains("refused", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Le")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"rewards\": [1, 2")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11\r\n{\"rewards\": [1, 2\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"rewards\": [1, 2")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")]
    public async Task Dropped_or_half_given_answer_can_be_asked_for_again(string? torn)
    {
        await using var server = new ScriptedServer(_ => torn);
        Assert.Contains(server.Endpoint.ToString(), (await Fails(server, RemoteFailure.Unavailable)).Message);
    }

    [Fact]
    public async Task Service_that_is_too_slow_is_named_with_the_limit()
    {
        await using var server = Silent();
        using var client = new HttpClient { Timeout = TimeSpan.FromMilliseconds(150) };
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            Model(client, server.Endpoint).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Equal(RemoteFailure.Unavailable, error.Failure);
        Assert.Contains("0.15 s", error.Message);
    }

    [Fact]
    public async Task Cancellation_passes_untouched()
    {
        var arrived = new TaskCompletionSource();
        await using var server = Silent(arrived);
        using var client = new HttpClient();
        using var source = new CancellationTokenSource();
        Task<RewardScores> asking = Model(client, server.Endpoint).WithRetry().ScoreAsync(s_two, source.Token);
        await arrived.Task;
        await source.CancelAsync();
        Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking)).CancellationToken);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task Job_ends_with_the_right_numbers_through_all_failures_that_pass()
    {
        int calls = 0;
        await using var server = new ScriptedServer(
            (_, body, _) =>
            {
                string answer = Answer(
                    $$"""{"rewards": [{{string.Join(',', JsonDocument.Parse(body).RootElement.GetProperty("completions").EnumerateArray().Select(c => c.GetProperty("text").GetString()![4..]))}}]}"""
                );
                return Task.FromResult(
                    (Interlocked.Increment(ref calls) % 6) switch
                    {
                        1 => null,
                        2 => answer[..^9],
                        3 => Answer("restarting", "500 Internal Server Error"),
                        4 => Answer("", "429 Too Many Requests", "Retry-After: 30\r\n"),
                        _ => answer,
                    }
                );
            }
        );
        using var client = new HttpClient();
        var waits = new ConcurrentQueue<LogLine>();
        var model = Model(client, server.Endpoint)
            .WithRetry(
                new()
                {
                    MaxRetries = 100,
                    TimeProvider = new ImpatientTime(),
                    Timeout = null,
                    Logger = new HeardLog(waits.Enqueue),
                }
            );
        Completion[] words = [.. Enumerable.Range(0, 40).Select(word => WordPolicy.Word("p", word))];

        Assert.Equal(
            [.. words.Select(word => (double?)WordPolicy.Reward(word))],
            await CheckedScoring.ScoreAsync(model, words, new() { BatchSize = 3, MaxConcurrency = 4 }, default)
        );

        Assert.Equal(calls - 14, waits.Count); // each answer but the 14 whole ones was one retry
        Assert.Contains(waits, wait => Equals(wait.Values["Delay"], TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Failure_that_stays_reaches_the_caller_with_completion_address_and_status()
    {
        await using var server = new ScriptedServer(_ => Answer("who are you?", "401 Unauthorized"));
        using var client = new HttpClient();
        var error = await Assert.ThrowsAsync<RewardModelException>(() =>
            CheckedScoring.ScoreAsync(Model(client, server.Endpoint).WithRetry(), s_two, new(), default)
        );
        foreach (
            string part in (string[])
                ["judge 1", "completion 0", "word1", server.Endpoint.ToString(), "401 Unauthorized", "who are you?", "Exclude"]
        )
            Assert.Contains(part, error.Message);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task Answer_beyond_the_limit_of_the_client_is_refused_for_good()
    {
        await using var server = new ScriptedServer(_ => Answer($$"""{"rewards": [1, 2], "padding": "{{new string(' ', 5000)}}"}"""));
        using var client = new HttpClient { MaxResponseContentBufferSize = 1000 };
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            Model(client, server.Endpoint).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Equal(RemoteFailure.BadAnswer, error.Failure);
    }

    [Fact]
    public async Task Secrets_in_the_address_stay_out_of_messages()
    {
        await using var server = new ScriptedServer(_ => Answer("", "403 Forbidden"));
        using var client = new HttpClient();
        var address = new UriBuilder(server.Endpoint)
        {
            UserName = "me",
            Password = "hidden1",
            Query = "key=hidden2",
        };
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            Model(client, address.Uri).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Contains("/score", error.Message);
        Assert.DoesNotContain("hidden", error.Message);
    }

    [Fact]
    public async Task Body_that_is_no_Brotli_is_the_fault_of_the_service()
    {
        await using var server = new ScriptedServer(_ => Answer("""{"rewards": [1, 2]}""", header: "Content-Encoding: br\r\n"));
        using var client = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.All });
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            Model(client, server.Endpoint).ScoreAsync(s_two, CancellationToken.None)
        );
        Assert.Equal(RemoteFailure.BadAnswer, error.Failure);
        Assert.Contains("cannot be decompressed", error.Message);
    }

    [Fact]
    public async Task What_a_handler_throws_is_the_fault_of_the_service_and_tells_no_secret()
    {
        foreach (
            (Exception thrown, RemoteFailure failure) in new (Exception, RemoteFailure)[]
            {
                (new BrokenCircuitException("open for hidden-key"), RemoteFailure.Unavailable),
                (new UnauthorizedAccessException("hidden-key is refused by http://me:hidden@proxy"), RemoteFailure.Misdirected),
                (new HttpRequestException("no proxy http://me:hidden@proxy"), RemoteFailure.Unavailable),
            }
        )
        {
            using var client = new HttpClient(new Throwing(thrown)) { DefaultRequestHeaders = { { "X-Key", "hidden-key" } } };
            var error = await Assert.ThrowsAsync<RemoteServiceException>(() =>
                Model(client, Nobody()).ScoreAsync(s_two, CancellationToken.None)
            );
            Assert.Equal(failure, error.Failure);
            Assert.DoesNotContain("hidden", error.ToString());
        }

        var disposed = new HttpClient();
        disposed.Dispose();
        Assert.Equal(
            RemoteFailure.Misdirected,
            (
                await Assert.ThrowsAsync<RemoteServiceException>(() => Model(disposed, Nobody()).ScoreAsync(s_two, CancellationToken.None))
            ).Failure
        );
    }

    [Fact]
    public async Task Another_schema_is_two_functions()
    {
        string sent = "";
        await using var server = new ScriptedServer(
            (_, body, _) =>
            {
                sent = body;
                return Task.FromResult<string?>(Answer("""[[3], [4]]"""));
            }
        );
        using var client = new HttpClient();
        var options = new HttpRewardModelOptions
        {
            Endpoint = server.Endpoint,
            Identity = "other",
            WriteRequest = (json, completions) => JsonSerializer.Serialize(json, completions.Select(c => c.Prompt + c.Text)),
            ReadAnswer = answer => [.. answer.EnumerateArray().Select(row => row[0].GetDouble())],
        };
        Assert.Equal([3, 4], await new HttpRewardModel(client, options).ScoreAsync(s_two, CancellationToken.None));
        Assert.Equal("[\"say \\u0022hi\\u0022word1\",\"\\u00E9\\nword2\"]", sent);
        var broken = new HttpRewardModel(client, options with { ReadAnswer = answer => [answer.GetProperty("rewards").GetDouble()] });
        Assert.Equal(
            RemoteFailure.BadAnswer,
            (await Assert.ThrowsAsync<RemoteServiceException>(() => broken.ScoreAsync(s_two, CancellationToken.None))).Failure
        );
    }

    [Fact]
    public void Options_name_all_their_faults_in_one_message()
    {
        using var client = new HttpClient();
        string message = Assert
            .Throws<ArgumentException>(() =>
                new HttpRewardModel(
                    client,
                    new()
                    {
                        Endpoint = new Uri("/score", UriKind.Relative),
                        Identity = null!,
                        MaxBatchSize = 0,
                    }
                )
            )
            .Message;
        foreach (string fault in ImmutableArray.Create("Endpoint is \"/score\"", "Identity is null", "MaxBatchSize is 0"))
            Assert.Contains(fault, message);
    }

    private sealed class Throwing(Exception thrown) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Clear();
            throw thrown;
        }
    }

    private static ScriptedServer Silent(TaskCompletionSource? arrived = null) =>
        new(
            async (_, _, stop) =>
            {
                arrived?.TrySetResult();
                await Task.Delay(Timeout.Infinite, stop);
                return null;
            }
        );

    private static HttpRewardModel Model(HttpClient client, Uri endpoint) =>
        new(client, new() { Endpoint = endpoint, Identity = "judge 1" });

    private static async Task<RewardScores> Ask(ScriptedServer server)
    {
        using var client = new HttpClient();
        return await Model(client, server.Endpoint).ScoreAsync(s_two, CancellationToken.None);
    }

    private static async Task<RemoteServiceException> Fails(ScriptedServer server, RemoteFailure failure)
    {
        var error = await Assert.ThrowsAsync<RemoteServiceException>(() => Ask(server));
        Assert.Equal(failure, error.Failure);
        return error;
    }
}
