using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Serve.Tests;

/// <summary>The server as its clients see it.</summary>
public sealed class ServerTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static readonly object[] s_question = [new { role = "user", content = "The film was" }];

    [Fact]
    public async Task A_chat_client_gets_an_answer_and_the_same_one_piece_by_piece()
    {
        using IChatClient chat = server.Chat();
        var options = new ChatOptions { Seed = 7, MaxOutputTokens = 12 };
        ChatResponse whole = await chat.GetResponseAsync("The film was", options);
        var pieces = new List<ChatResponseUpdate>();
        await foreach (ChatResponseUpdate piece in chat.GetStreamingResponseAsync("The film was", options))
            pieces.Add(piece);

        Assert.NotEqual("", whole.Text);
        Assert.Equal(whole.Text, string.Concat(pieces.Select(piece => piece.Text)));
        Assert.Equal(whole.FinishReason, pieces.Last(piece => piece.FinishReason is not null).FinishReason);
        Assert.InRange(whole.Usage!.OutputTokenCount!.Value, 1, 12);
        Assert.NotEqual(whole.Text, (await chat.GetResponseAsync("The film was", new ChatOptions { Seed = 8, MaxOutputTokens = 12 })).Text);
    }

    [Fact]
    public async Task A_piece_is_with_the_client_before_the_next_one_is_drawn()
    {
        var slow = new PieceByPiece();
        await using WebApplication app = Server.Create(server.Arguments, builder => builder.Services.AddKeyedSingleton<IChatClient>("policy", slow));
        await app.StartAsync();
        using IChatClient chat = ServerFixture.Chat(Server.AddressOf(app), "policy");
        var pieces = new List<string>();
        await foreach (ChatResponseUpdate piece in chat.GetStreamingResponseAsync("The film was"))
        {
            if (piece.Text.Length > 0)
            {
                pieces.Add(piece.Text);
                slow.Next.Release(); // what is not with the client yet is not asked for: without streaming this would wait for ever
            }
        }

        Assert.Equal(["one ", "two ", "three"], pieces);
        await app.StopAsync();
    }

    [Fact]
    public async Task Each_served_model_is_listed_and_answers()
    {
        using JsonDocument list = JsonDocument.Parse(await server.Http.GetStringAsync("v1/models"));
        string[] models = [.. list.RootElement.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()!)];
        Assert.Equal(["reference", "policy", "best-of-n"], models);
        foreach (string model in models)
        {
            using IChatClient chat = server.Chat(model);
            Assert.NotEqual("", (await chat.GetResponseAsync("The story felt", new ChatOptions { Seed = 1 })).Text);
        }
    }

    [Fact]
    public async Task The_page_compares_one_answer_of_each_with_rewards_and_names_nothing_outside()
    {
        using HttpResponseMessage page = await server.Http.GetAsync("");
        string html = await page.Content.ReadAsStringAsync();
        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType!.ToString());
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);

        using HttpResponseMessage response = await server.PostAsync("compare", new { prompt = "The film was", seed = 3 });
        using JsonDocument compared = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        var answers = compared.RootElement.GetProperty("answers").EnumerateArray().ToDictionary(answer => answer.GetProperty("model").GetString()!);
        Assert.Equal(["reference", "policy", "best-of-n"], answers.Keys);
        Assert.All(answers.Values, answer => Assert.True(double.IsFinite(answer.GetProperty("reward").GetDouble())));
        using IChatClient chat = server.Chat();
        Assert.Equal((await chat.GetResponseAsync("The film was", new ChatOptions { Seed = 3 })).Text, answers["policy"].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Health_and_metrics_tell_what_was_drawn()
    {
        using IChatClient chat = server.Chat();
        await chat.GetResponseAsync("The film was");
        Assert.True((await server.HealthAsync()).GetProperty("finished").GetInt64() > 0);
        string[] metrics = (await server.Http.GetStringAsync("metrics")).Split('\n');
        foreach (string name in (string[])["variationalbon_serving_tokens", "variationalbon_serving_requests", "variationalbon_serving_waiting", "variationalbon_serving_running"])
            Assert.Contains(metrics, line => line.StartsWith(name, StringComparison.Ordinal) && line.Contains("gen_ai_request_model=\"policy\"", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{", 400, "The body is no JSON")]
    [InlineData("[]", 400, "The body is a JSON array")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}]}""", 400, "\"model\" is missing")]
    [InlineData("""{"model": "policy"}""", 400, "\"messages\" is missing")]
    [InlineData("""{"model": "gpt-9", "messages": [{"role": "user", "content": "a"}]}""", 404, "no model \"gpt-9\" here; the models are reference, policy, best-of-n")]
    [InlineData("""{"model": "policy", "messages": []}""", 400, "at least one message")]
    [InlineData("""{"model": "policy", "messages": [{"role": "robot", "content": "a"}]}""", 400, "role of \"messages[0]\" is \"robot\"")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}""", 400, "these models read texts alone")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "\ud800"}]}""", 400, "half of a surrogate pair")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "a"}], "seed": "one"}""", 400, "\"seed\" is \"one\"; it must be a whole number")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "a"}], "seed": 1.5}""", 400, "\"seed\" is 1.5")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "a"}], "max_tokens": 0}""", 400, "\"max_tokens\" is 0")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "a"}], "max_tokens": 1000}""", 400, "24")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "a"}], "temperature": 3}""", 400, "\"temperature\" is 3")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "a"}], "n": 2}""", 400, "one answer a request")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "a"}], "tools": []}""", 400, "\"tools\" is no option of this server")]
    [InlineData("""{"model": "policy", "messages": [{"role": "user", "content": "a"}], "seed": 1, "seed": 2}""", 400, "The body is no JSON")]
    public async Task A_request_that_cannot_be_meant_is_refused_in_words(string body, int status, string words)
    {
        foreach (string stream in (string[])["", ", \"stream\": true"])
        {
            int end = body.LastIndexOf('}');
            using var content = new StringContent(end > 0 ? body.Insert(end, end > 1 && status != 404 ? stream : "") : body, Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await server.Http.PostAsync("v1/chat/completions", content);
            await AssertRefusedAsync(response, status, words);
        }
    }

    [Fact]
    public async Task What_is_too_long_or_nowhere_is_refused_in_words()
    {
        await Refused(await server.PostAsync("v1/chat/completions", new { model = "policy", messages = new[] { new { role = "user", content = new string('a', 2000) } } }), 400, "tokens");
        await Refused(await server.PostAsync("v1/chat/completions", new { model = "policy", messages = new[] { new { role = "user", content = new string('a', Server.MaxBodyBytes) } } }), 413, "longer than 262,144 bytes");
        using var chunked = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes($"\"{new string('a', 2 * Server.MaxBodyBytes)}\""))) { Headers = { ContentLength = null } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "compare") { Content = chunked };
        request.Headers.TransferEncodingChunked = true;
        await Refused(await server.Http.SendAsync(request), 413, "longer than 262,144 bytes");
        await Refused(await server.PostAsync("compare", new { prompt = " " }), 400, "\"prompt\" has 1 characters");
        await Refused(await server.PostAsync("compare", new { prompt = "The film was", seed = "x" }), 400, "\"seed\" is \"x\"");
        await Refused(await server.Http.GetAsync("v2/chat"), 404, "nothing at /v2/chat");
        await Refused(await server.Http.GetAsync("v1/chat/completions"), 405, "does not take GET");

        static async Task Refused(HttpResponseMessage response, int status, string words)
        {
            using (response)
                await AssertRefusedAsync(response, status, words);
        }
    }

    [Fact]
    public async Task Two_hundred_clients_that_go_away_at_random_leave_a_server_that_answers_as_before()
    {
        using IChatClient chat = server.Chat();
        var options = new ChatOptions { Seed = 11 };
        string before = (await chat.GetResponseAsync("The film was", options)).Text;
        int answered = 0, left = 0;
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            var random = new Random(i);
            using var cancel = new CancellationTokenSource(random.Next(1, 400));
            try
            {
                object body = new { model = i % 5 == 0 ? "best-of-n" : "policy", messages = s_question, stream = i % 2 == 0, seed = i };
                using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = System.Net.Http.Json.JsonContent.Create(body) };
                using HttpResponseMessage response = await server.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel.Token);
                Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{response.StatusCode}");
                await response.Content.ReadAsStringAsync(cancel.Token);
                Interlocked.Increment(ref answered);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref left);
            }
        }));

        Assert.Equal(200, answered + left);
        Assert.True(left > 0, "Nobody left, so nothing was tried.");
        Assert.Equal(before, (await chat.GetResponseAsync("The film was", options)).Text);
        JsonElement health = await server.HealthAsync();
        Assert.Equal((0, 0, 0), (health.GetProperty("waiting").GetInt32(), health.GetProperty("running").GetInt32(), health.GetProperty("failed").GetInt32()));
    }

    [Fact]
    public async Task Memory_stays_as_it_is_over_many_requests()
    {
        int requests = int.TryParse(Environment.GetEnvironmentVariable("VARIATIONALBON_SERVE_REQUESTS"), out int asked) ? asked : 400;
        await AskAsync(200); // compiled code, threads, connections
        double[] mebibytes = new double[5];
        for (int part = 0; part < mebibytes.Length; part++)
        {
            await AskAsync(requests / mebibytes.Length);
            mebibytes[part] = Settled() / 1024.0 / 1024.0;
        }

        string readings = string.Join(", ", mebibytes.Select(reading => $"{reading:0.0}"));
        Console.WriteLine($"{requests} requests in five parts, MiB after each: {readings}");
        Assert.True(mebibytes[^1] - mebibytes[1] < 12, $"Memory grows with requests, {requests} of them in five parts, MiB after each: {readings}.");

        Task AskAsync(int count) => Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, token) =>
        {
            using HttpResponseMessage response = await server.PostAsync("v1/chat/completions", new { model = i % 8 == 0 ? "best-of-n" : "policy", messages = s_question, stream = i % 2 == 0, seed = i });
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await response.Content.ReadAsStringAsync(token);
        });

        static long Settled()
        {
            for (int i = 0; i < 3; i++)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                GC.WaitForPendingFinalizers();
            }

            return Environment.WorkingSet;
        }
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_is_gone_within_five_seconds_with_clients_in_the_middle()
    {
        await using WebApplication app = Server.Create(server.Arguments);
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = Server.AddressOf(app) };
        using var go = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(0, 16).Select(async i =>
        {
            try
            {
                for (int seed = 0; !go.IsCancellationRequested; seed++)
                {
                    using HttpResponseMessage response = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(http, "v1/chat/completions",
                        new { model = "policy", messages = s_question, stream = true, seed }, go.Token);
                    await response.Content.ReadAsStringAsync(go.Token);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                // the server is gone
            }
        })];
        await Task.Delay(200);
        long start = Stopwatch.GetTimestamp();
        await app.StopAsync();
        await app.DisposeAsync();
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        await go.CancelAsync();
        await Task.WhenAll(clients);

        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("health"));
    }

    /// <summary>Gives the first piece at once and each other when it is asked to.</summary>
    private sealed class PieceByPiece : IChatClient
    {
        public SemaphoreSlim Next { get; } = new(1);

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (string piece in (string[])["one ", "two ", "three"])
            {
                Assert.True(await Next.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken), "The client has not got the piece before.");
                yield return new ChatResponseUpdate(ChatRole.Assistant, piece);
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage response, int status, string words)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.Equal((status, "application/json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        JsonElement error = JsonDocument.Parse(text).RootElement.GetProperty("error");
        Assert.Contains(words, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }
}
