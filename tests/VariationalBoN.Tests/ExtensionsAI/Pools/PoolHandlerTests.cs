using System.ClientModel;
using System.ClientModel.Primitives;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.AI;
using OpenAI;
using VariationalBoN.Extensions.AI.Judges;
using VariationalBoN.Extensions.AI.Pools;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Rewards;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

[Trait("Tier", "fast")]
public sealed class PoolHandlerTests
{
    private static readonly Completion s_completion = new() { Prompt = "x", Text = "y" };
    private static readonly PoolOptions s_quick = new()
    {
        FirstPause = TimeSpan.FromMilliseconds(1),
        MaxPause = TimeSpan.FromMilliseconds(4),
        MaxTriesPerServer = 3,
    };

    [Fact]
    public async Task A_reward_service_is_asked_elsewhere_when_a_server_is_gone_or_away_or_gives_half_an_answer()
    {
        int answered = 0;
        await using var away = new ScriptedServer(_ => ScriptedServer.Answer("", "503 Service Unavailable"));
        await using var half = new ScriptedServer(_ => ScriptedServer.Answer("""{"rewards": [0.5]}""")[..^3]);
        await using var good = new ScriptedServer(_ =>
            ScriptedServer.Answer($$"""{"rewards": [{{Interlocked.Increment(ref answered)}}]}""")
        );
        using var pool = new PoolHandler(
            [Root(ScriptedServer.Nobody()), Root(away.Endpoint), Root(half.Endpoint), Root(good.Endpoint)],
            s_quick
        );
        // snippet: judges
        using HttpClient client = pool.CreateClient();
        var reward = new HttpRewardModel(client, new() { Endpoint = new Uri(PoolHandler.Address, "score"), Identity = "judge, version 7" });
        // end snippet

        double[] rewards = new double[20];
        for (int i = 0; i < rewards.Length; i++)
            rewards[i] = (await reward.ScoreAsync([s_completion], CancellationToken.None))[0];

        Assert.Equal(Enumerable.Range(1, 20).Select(i => (double)i), rewards);
        Assert.All(pool.Health[..3], health => Assert.InRange(health.Failed, 1, 20));
        Assert.Equal((20L, 0L), (pool.Health[3].Answered, pool.Health[3].Failed));
        Assert.Contains("503", pool.Health[1].LastFailure);
    }

    [Theory]
    [InlineData(null, "Bearer k3y")]
    [InlineData("Basic own", "Basic own")]
    public async Task The_key_of_the_pool_is_sent_unless_a_request_has_its_own(string? own, string expected)
    {
        var server = new Uri("http://server/");
        var heard = new Told();
        using var pool = new PoolHandler([server], s_quick with { Authorization = new("Bearer", "k3y") }, heard);
        using HttpClient client = pool.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(PoolHandler.Address, "x"));
        request.Headers.Authorization = own is null ? null : System.Net.Http.Headers.AuthenticationHeaderValue.Parse(own);

        using HttpResponseMessage answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(expected, heard.Authorization);
        Assert.Equal(server, Assert.Single(pool.Health).Server);
    }

    [Fact]
    public async Task An_answer_that_is_too_large_is_a_failure_that_names_the_limit()
    {
        await using var server = new ScriptedServer(_ => ScriptedServer.Answer(new string('x', 2000)));
        using var pool = new PoolHandler([Root(server.Endpoint)], s_quick with { MaxResponseBytes = 1000, MaxTriesPerServer = 1 });
        using HttpClient client = pool.CreateClient();

        var refused = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync(new Uri(PoolHandler.Address, "x")));

        Assert.Contains("1000", refused.ToString(), StringComparison.Ordinal);
        using var wide = new PoolHandler([Root(server.Endpoint)], s_quick with { MaxResponseBytes = 2000 });
        using HttpClient other = wide.CreateClient();
        Assert.Equal(2000, (await other.GetStringAsync(new Uri(PoolHandler.Address, "x"))).Length);
    }

    [Fact]
    public async Task A_chat_judge_speaks_to_a_pool_by_the_transport_of_its_client()
    {
        await using var away = new ScriptedServer(_ => null);
        await using var good = new ScriptedServer(_ => ScriptedServer.Answer(OpenAIWireTests.Chat("0.5", "stop")));
        using var pool = new PoolHandler([Root(away.Endpoint), Root(good.Endpoint)], s_quick);
        // snippet: chat
        using HttpClient client = pool.CreateClient();
        var options = new OpenAIClientOptions
        {
            Endpoint = new Uri(PoolHandler.Address, "v1"),
            Transport = new HttpClientPipelineTransport(client),
            RetryPolicy = new ClientRetryPolicy(0), // the pool retries
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        };
        using IChatClient judge = new OpenAIClient(new ApiKeyCredential("none"), options).GetChatClient("served").AsIChatClient();
        // end snippet

        for (int i = 0; i < 4; i++)
            Assert.Equal(
                0.5,
                (
                    await new ChatRewardModel(judge, new() { Template = "Rate {completion}" }).ScoreAsync(
                        [s_completion],
                        CancellationToken.None
                    )
                )[0]
            );
        Assert.Equal(4, pool.Health[1].Answered);
    }

    [Fact]
    public async Task A_server_has_no_more_requests_than_it_takes_and_the_less_busy_one_gets_the_next()
    {
        var inner = new Scripted();
        using var pool = new PoolHandler([new("http://one"), new("http://two")], s_quick with { MaxRequestsPerServer = 2 }, inner);
        using HttpClient client = pool.CreateClient();

        Task<HttpResponseMessage>[] asked = [.. Enumerable.Range(0, 7).Select(i => client.GetAsync($"path?{i}"))];
        Assert.Equal((2, 2), (inner.At("one"), inner.At("two")));
        Assert.Equal([2, 2], pool.Health.Select(health => health.UnderWay));
        await inner.AnswerAsync("two");
        await inner.ArrivedAsync(5);
        Assert.Equal((2, 2), (inner.At("one"), inner.At("two"))); // the fifth went where there was room
        for (int i = 0; i < 6; i++)
            await inner.AnswerAsync(i % 2 == 0 ? "one" : "two", i < 2 ? 6 + i : 7);

        Assert.All(await Task.WhenAll(asked), response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(7, pool.Health.Sum(health => health.Answered));
    }

    [Fact]
    public async Task A_server_that_failed_is_left_alone_longer_each_time_then_tried_by_one_request()
    {
        var clock = new ManualTime();
        var inner = new Scripted { Clock = clock, Status = host => host == "one" ? HttpStatusCode.BadGateway : HttpStatusCode.OK };
        var news = new ConcurrentQueue<ServerHealth>();
        using var pool = new PoolHandler(
            [new("http://one"), new("http://two")],
            new()
            {
                FirstPause = TimeSpan.FromSeconds(1),
                MaxPause = TimeSpan.FromSeconds(3),
                TimeProvider = clock,
                OnChange = news.Enqueue,
            },
            inner
        );
        using HttpClient client = pool.CreateClient();

        for (int second = 0; second < 12; second++)
        {
            await client.GetAsync("path");
            await client.GetAsync("path");
            clock.Now += TimeSpan.FromSeconds(1);
        }

        Assert.Equal([0.0, 1, 3, 6, 9], inner.TimesOf("one")); // after 1, 2, 3, 3 seconds
        Assert.Equal([1.0, 2.0, 3.0, 3.0, 3.0], news.Select(health => health.Pause.TotalSeconds));
        inner.Status = _ => HttpStatusCode.OK;
        await client.GetAsync("path");
        Assert.Equal((1L, 5L, TimeSpan.Zero), (pool.Health[0].Answered, pool.Health[0].Failed, pool.Health[0].Pause));
        Assert.Equal(6, news.Count);
    }

    [Fact]
    public async Task A_server_that_asks_to_be_left_alone_is_for_as_long_as_it_says()
    {
        var clock = new ManualTime();
        var inner = new Scripted
        {
            Status = host => host == "one" ? HttpStatusCode.TooManyRequests : HttpStatusCode.OK,
            RetryAfter = TimeSpan.FromSeconds(7),
        };
        using var pool = new PoolHandler([new("http://one"), new("http://two")], new() { TimeProvider = clock }, inner);
        using HttpClient client = pool.CreateClient();

        await client.GetAsync("path");

        Assert.Equal(TimeSpan.FromSeconds(7), pool.Health[0].Pause);
    }

    [Fact]
    public async Task What_every_server_would_refuse_is_answered_at_once_and_says_who_did()
    {
        var inner = new Scripted { Status = _ => HttpStatusCode.NotFound };
        using var pool = new PoolHandler([new("http://one:81/base"), new("http://two")], s_quick, inner);
        using HttpClient client = pool.CreateClient();

        var thrown = await Assert.ThrowsAsync<RemoteServiceException>(() =>
            new HttpRewardModel(client, new() { Endpoint = new Uri(PoolHandler.Address, "score"), Identity = "judge" }).ScoreAsync(
                [s_completion],
                CancellationToken.None
            )
        );

        Assert.Equal(RemoteFailure.Misdirected, thrown.Failure);
        Assert.Contains("by http://one:81/base/", thrown.Message);
        Assert.Equal(["http://one:81/base/score"], inner.Asked);
    }

    [Fact]
    public void An_address_with_a_password_and_one_without_a_server_are_refused()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new PoolHandler([new("http://user:secret@one:81/base")]));
        Assert.Contains("http://one:81/base has a user or a password", thrown.Message);
        Assert.DoesNotContain("secret", thrown.Message);
        Assert.Contains(
            "\"score\" is no address",
            Assert.Throws<ArgumentException>(() => new PoolHandler([new("score", UriKind.Relative)])).Message
        );
    }

    [Fact]
    public async Task What_a_server_answers_first_after_it_failed_is_of_another_life_unless_it_was_only_busy()
    {
        Assert.Equal((HttpStatusCode.OK, 1), await AnswerAfterAsync(HttpStatusCode.ServiceUnavailable));
        Assert.Equal((HttpStatusCode.OK, 0), await AnswerAfterAsync(HttpStatusCode.TooManyRequests));

        static async Task<(HttpStatusCode, int)> AnswerAfterAsync(HttpStatusCode failure)
        {
            int asked = 0;
            var inner = new Scripted { Status = _ => Interlocked.Increment(ref asked) == 1 ? failure : HttpStatusCode.OK };
            using var pool = new PoolHandler([new("http://one")], s_quick, inner);
            using HttpClient client = pool.CreateClient();
            using var request = new HttpRequestMessage(HttpMethod.Get, "path");
            using HttpResponseMessage response = await client.SendAsync(request);
            Assert.True(request.Options.TryGetValue(PoolHandler.AnsweredBy, out var by));
            return (response.StatusCode, by.Life);
        }
    }

    [Fact]
    public void An_answer_to_a_request_from_before_a_pause_does_not_end_it()
    {
        var clock = new ManualTime();
        var server = new PoolServer(new("http://one"), new() { FirstPause = TimeSpan.FromSeconds(2), TimeProvider = clock });
        clock.Now = TimeSpan.FromSeconds(1);
        server.Failed(begun: 0, life: 0, mayHaveRestarted: false, "busy", TimeSpan.FromSeconds(7));

        Assert.False(server.Answered(begun: 0));
        Assert.Equal(TimeSpan.FromSeconds(7), server.Pause);
        clock.Now = TimeSpan.FromSeconds(8);
        Assert.True(server.Answered(begun: clock.GetTimestamp()));
        Assert.Equal((TimeSpan.Zero, 2L), (server.Pause, server.Health.Answered));
    }

    [Fact]
    public async Task A_request_that_nobody_answers_fails_when_its_own_tries_are_made()
    {
        var inner = new Scripted { Status = _ => HttpStatusCode.ServiceUnavailable };
        using var pool = new PoolHandler([new("http://one")], s_quick with { MaxRequestsPerServer = 4 }, inner);
        using HttpClient client = pool.CreateClient();

        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => client.GetAsync($"path?{i}")));

        Assert.All(answers, response => Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode));
        string[] asked = [.. inner.Asked];
        Assert.Equal(60, asked.Length);
        Assert.Equal(3, asked.Take(20).CountBy(path => path).Max(count => count.Value)); // not after each was tried twice
    }

    [Fact]
    public async Task A_request_that_no_server_answers_fails_and_names_one_and_how_often_each_was_tried()
    {
        using var pool = new PoolHandler([Root(ScriptedServer.Nobody()), Root(ScriptedServer.Nobody())], s_quick);
        using HttpClient client = pool.CreateClient();

        var thrown = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("path"));

        Assert.Contains("gave no answer", thrown.Message);
        Assert.Contains("Each server was tried 3 times", thrown.Message);
        Assert.Equal([3L, 3L], pool.Health.Select(health => health.Failed));
        Assert.True(RetryPolicy.IsTransient(thrown));
    }

    [Fact]
    public async Task A_server_that_is_too_slow_is_left_for_another_and_a_cancelled_request_is_no_fault_of_any()
    {
        var inner = new Scripted();
        using var pool = new PoolHandler(
            [new("http://one"), new("http://two")],
            s_quick with
            {
                TryTimeout = TimeSpan.FromMilliseconds(50),
                MaxTriesPerServer = 1,
            },
            inner
        );
        using HttpClient client = pool.CreateClient();
        using var stop = new CancellationTokenSource();

        Task<HttpResponseMessage> slow = client.GetAsync("path");
        var late = await Assert.ThrowsAsync<HttpRequestException>(() => slow);
        Assert.Contains("did not answer within 0.05 s", late.Message);
        Assert.Equal([1L, 1L], pool.Health.Select(health => health.Failed));

        using var other = new PoolHandler([new("http://three")], s_quick, inner);
        Task<HttpResponseMessage> cancelled = other.CreateClient().GetAsync("path", stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal((0L, 0), (other.Health[0].Failed, other.Health[0].UnderWay));
    }

    [Fact]
    public async Task Many_requests_over_servers_that_fail_at_random_are_each_answered_once_and_no_server_has_too_many()
    {
        var inner = new Flaky();
        using var pool = new PoolHandler(
            [new("http://one"), new("http://two"), new("http://three")],
            s_quick with
            {
                MaxRequestsPerServer = 5,
                MaxTriesPerServer = 1000,
                MaxPause = TimeSpan.FromMilliseconds(2),
            },
            inner
        );
        using HttpClient client = pool.CreateClient();

        string[] answers = await Task.WhenAll(
            Enumerable
                .Range(0, 400)
                .Select(async i =>
                {
                    using HttpResponseMessage response = await client.PostAsync("path", new StringContent($"{i}"));
                    return await response.Content.ReadAsStringAsync();
                })
        );

        Assert.Equal(Enumerable.Range(0, 400).Select(i => $"{i}"), answers);
        Assert.InRange(inner.Most, 2, 5);
        Assert.All(pool.Health, health => Assert.Equal(0, health.UnderWay));
        Assert.Equal((400L, inner.Failures), (pool.Health.Sum(health => health.Answered), pool.Health.Sum(health => health.Failed)));
    }

    [Fact]
    public async Task A_listener_that_throws_takes_no_place_away()
    {
        var inner = new Scripted { Status = _ => HttpStatusCode.BadGateway };
        using var pool = new PoolHandler(
            [new("http://one")],
            s_quick with
            {
                OnChange = _ => throw new InvalidOperationException("listener"),
            },
            inner
        );
        using HttpClient client = pool.CreateClient();

        Assert.Contains("listener", (await Assert.ThrowsAsync<InvalidOperationException>(() => client.GetAsync("path"))).Message);
        Assert.Equal(0, pool.Health[0].UnderWay);
    }

    [Fact]
    public async Task What_cannot_be_a_pool_is_refused()
    {
        Assert.Contains("no server", Assert.Throws<ArgumentException>(() => new PoolHandler([])).Message);
        Assert.Contains(
            "stands twice",
            Assert.Throws<ArgumentException>(() => new PoolHandler([new("http://one"), new("http://one/")])).Message
        );
        Assert.Contains("no address of a server", Assert.Throws<ArgumentException>(() => new PoolHandler([new("ftp://one")])).Message);
        Assert.Contains(
            "MaxPause is 00:00:00.1",
            Assert
                .Throws<ArgumentException>(() =>
                    new PoolHandler([new("http://one")], new() { MaxPause = TimeSpan.FromSeconds(0.1), MaxTriesPerServer = 0 })
                )
                .Message
        );
        using var pool = new PoolHandler([new("http://one")]);
        using var client = new HttpClient(pool, disposeHandler: false);
        Assert.Contains(
            "send it to PoolHandler.Address",
            (await Assert.ThrowsAsync<InvalidOperationException>(() => client.GetAsync(new Uri("http://elsewhere/")))).Message
        );
    }

    private static Uri Root(Uri endpoint) => new(endpoint, "/");

    /// <summary>Gives back what it is sent, or fails in one of three ways.</summary>
    private sealed class Told : HttpMessageHandler
    {
        public string? Authorization { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Authorization = request.Headers.Authorization?.ToString();
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK));
        }
    }

    private sealed class Flaky : HttpMessageHandler
    {
        private readonly ConcurrentDictionary<string, int> _underWay = new();
        private readonly Random _random = new(1);
        private long _failures;

        public int Most { get; private set; }

        public long Failures => _failures;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string host = request.RequestUri!.Host;
            int what;
            lock (_random)
            {
                what = _random.Next(50);
                Most = Math.Max(Most, _underWay.AddOrUpdate(host, 1, (_, count) => count + 1));
            }

            string sent = await request.Content!.ReadAsStringAsync(cancellationToken);
            await Task.Delay(1, cancellationToken);
            _underWay.AddOrUpdate(host, 0, (_, count) => count - 1);
            if (what < 3)
                Interlocked.Increment(ref _failures);
            return what switch
            {
                0 => throw new HttpRequestException("refused"),
                1 => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
                2 => new HttpResponseMessage { Content = new BrokenContent() },
                _ => new HttpResponseMessage { Content = new StringContent(sent) },
            };
        }
    }

    /// <summary>A body that breaks off.</summary>
    private sealed class BrokenContent : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new IOException("broke off");

        protected override bool TryComputeLength(out long length)
        {
            length = 10;
            return false;
        }
    }

    /// <summary>Answers when it is told to, or at once with a status.</summary>
    private sealed class Scripted : HttpMessageHandler
    {
        private readonly ConcurrentDictionary<string, ConcurrentQueue<TaskCompletionSource>> _waiting = new();
        private readonly ConcurrentQueue<(string Host, double Seconds)> _times = new();
        private int _arrived;

        public Func<string, HttpStatusCode>? Status { get; set; }

        public TimeSpan? RetryAfter { get; init; }

        public ConcurrentQueue<string> Asked { get; } = new();

        public ManualTime? Clock { get; init; }

        public int At(string host) => _waiting.TryGetValue(host, out var queue) ? queue.Count : 0;

        public double[] TimesOf(string host) => [.. _times.Where(time => time.Host == host).Select(time => time.Seconds)];

        public async Task ArrivedAsync(int count)
        {
            while (Volatile.Read(ref _arrived) < count)
                await Task.Yield();
        }

        public async Task AnswerAsync(string host, int arrivedThen = 0)
        {
            Assert.True(_waiting[host].TryDequeue(out TaskCompletionSource? one));
            one.SetResult();
            await ArrivedAsync(arrivedThen);
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked.Enqueue($"{request.RequestUri}");
            _times.Enqueue((request.RequestUri!.Host, Clock?.Now.TotalSeconds ?? 0));
            var answer = new HttpResponseMessage(Status?.Invoke(request.RequestUri!.Host) ?? HttpStatusCode.OK)
            {
                RequestMessage = request,
            };
            if (RetryAfter is TimeSpan pause)
                answer.Headers.RetryAfter = new(pause);
            if (Status is not null)
                return answer;
            var one = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.GetOrAdd(request.RequestUri!.Host, _ => new()).Enqueue(one);
            Interlocked.Increment(ref _arrived);
            await one.Task.WaitAsync(cancellationToken);
            return answer;
        }
    }

    private sealed class ManualTime : TimeProvider
    {
        private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;

        public override DateTimeOffset GetUtcNow() => s_start + Now;
    }
}
