using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using VariationalBoN;

namespace Serve.Tests;

/// <summary>The server as its clients see it.</summary>
[Collection(OneServer.Name)]
public sealed class ServerTests(ServerFixture server)
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
        var slow = new PieceByPiece(["one ", "two ", "three"]);
        await using WebApplication app = Server.Create(
            server.Arguments,
            builder => builder.Services.AddKeyedSingleton<IChatClient>("policy", slow)
        );
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
        string policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);

        using HttpResponseMessage response = await server.PostAsync("compare", new { prompt = "The film was", seed = 3 });
        using JsonDocument compared = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        var answers = compared
            .RootElement.GetProperty("answers")
            .EnumerateArray()
            .ToDictionary(answer => answer.GetProperty("model").GetString()!);
        Assert.Equal(["reference", "policy", "best-of-n"], answers.Keys);
        Assert.All(answers.Values, answer => Assert.True(double.IsFinite(answer.GetProperty("reward").GetDouble())));
        using IChatClient chat = server.Chat();
        ChatResponse same = await chat.GetResponseAsync("The film was", new ChatOptions { Seed = 3 });
        Assert.Equal(same.Text, answers["policy"].GetProperty("text").GetString());
    }

    [Fact]
    public async Task A_comparison_scores_each_draw_once()
    {
        int scored = 0;
        var reward = RewardModel.FromFunction(
            (_, text) =>
            {
                Interlocked.Increment(ref scored);
                return text.Length;
            },
            "length"
        );
        await using WebApplication app = Server.Create(server.Arguments, builder => builder.Services.AddSingleton(reward));
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = Server.AddressOf(app) };
        using HttpResponseMessage response = await http.PostAsJsonAsync("compare", new { prompt = "The film was", seed = 3 });

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(server.Arguments.N + 2, scored); // those of Best-of-N, the reference's and the policy's
    }

    [Fact]
    public async Task Health_and_metrics_tell_what_was_drawn()
    {
        using IChatClient chat = server.Chat();
        await chat.GetResponseAsync("The film was");
        Assert.True((await server.HealthAsync()).GetProperty("finished").GetInt64() > 0);
        string[] metrics = (await server.Http.GetStringAsync("metrics")).Split('\n');
        foreach (string name in (string[])["tokens", "requests", "waiting", "running"])
            Assert.Contains(
                metrics,
                line =>
                    line.StartsWith($"variationalbon_serving_{name}", StringComparison.Ordinal)
                    && line.Contains("gen_ai_request_model=\"policy\"", StringComparison.Ordinal)
            );
    }

    [Fact]
    public async Task Two_hundred_clients_that_go_away_at_random_leave_a_server_that_answers_as_before()
    {
        using IChatClient chat = server.Chat();
        var options = new ChatOptions { Seed = 11 };
        string before = (await chat.GetResponseAsync("The film was", options)).Text;
        int answered = 0,
            left = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, 200)
                .Select(async i =>
                {
                    var random = new Random(i);
                    using var cancel = new CancellationTokenSource(random.Next(1, 400));
                    try
                    {
                        object body = new
                        {
                            model = i % 5 == 0 ? "best-of-n" : "policy",
                            messages = s_question,
                            stream = i % 2 == 0,
                            seed = i,
                        };
                        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
                        {
                            Content = JsonContent.Create(body),
                        };
                        using HttpResponseMessage response = await server.Http.SendAsync(
                            request,
                            HttpCompletionOption.ResponseHeadersRead,
                            cancel.Token
                        );
                        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.TooManyRequests, $"{response.StatusCode}");
                        await response.Content.ReadAsStringAsync(cancel.Token);
                        Interlocked.Increment(ref answered);
                    }
                    catch (OperationCanceledException)
                    {
                        Interlocked.Increment(ref left);
                    }
                })
        );

        Assert.Equal(200, answered + left);
        Assert.True(left > 0, "Nobody left, so nothing was tried.");
        Assert.Equal(before, (await chat.GetResponseAsync("The film was", options)).Text);
        JsonElement health = await server.HealthAsync();
        Assert.All((string[])["waiting", "running", "failed"], number => Assert.Equal(0, health.GetProperty(number).GetInt32()));
    }

    [Fact]
    public async Task Memory_stays_as_it_is_over_many_requests()
    {
        int requests = int.TryParse(Environment.GetEnvironmentVariable("VARIATIONALBON_SERVE_REQUESTS"), out int asked) ? asked : 400;
        await AskAsync(200); // compiled code, threads, connections
        var readings = new (double Managed, double WorkingSet, long Tensors)[5];
        for (int part = 0; part < readings.Length; part++)
        {
            await AskAsync(requests / readings.Length);
            readings[part] = await SettledAsync();
        }

        string told =
            $"{requests} requests in five parts; KiB of managed memory, KiB of working set, live tensors after each: "
            + string.Join("; ", readings.Select(reading => $"{reading.Managed:0}, {reading.WorkingSet:0}, {reading.Tensors}"));
        Console.WriteLine(told);
        double between = requests * 3.0 / 5; // from the end of the second part to that of the last
        Assert.True(readings[^1].Tensors == readings[1].Tensors, $"Tensors are left over: {told}.");
        Assert.True(readings[^1].Managed - readings[1].Managed < 1024 + between, $"More than 1 KiB of a request is kept: {told}.");
        Assert.True(readings[^1].WorkingSet - readings[1].WorkingSet < 12 * 1024 + between, $"Memory grows with requests: {told}.");

        Task AskAsync(int count) =>
            Parallel.ForAsync(
                0,
                count,
                new ParallelOptions { MaxDegreeOfParallelism = 16 },
                async (i, token) =>
                {
                    using HttpResponseMessage response = await server.PostAsync(
                        "v1/chat/completions",
                        new
                        {
                            model = i % 8 == 0 ? "best-of-n" : "policy",
                            messages = s_question,
                            stream = i % 2 == 0,
                            seed = i,
                        }
                    );
                    Assert.Equal(HttpStatusCode.OK, response.StatusCode);
                    await response.Content.ReadAsStringAsync(token);
                }
            );

        async Task<(double Managed, double WorkingSet, long Tensors)> SettledAsync()
        {
            while ((await server.HealthAsync()).GetProperty("running").GetInt32() > 0)
                await Task.Yield();
            for (int i = 0; i < 3; i++)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                GC.WaitForPendingFinalizers();
            }

            return (GC.GetTotalMemory(true) / 1024.0, Environment.WorkingSet / 1024.0, TorchSharp.torch.Tensor.TotalCount);
        }
    }
}
