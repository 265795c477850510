using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using VariationalBoN.Extensions.AI.Serving;

namespace Serve.Tests;

/// <summary>What is nobody's fault but the server's: logged, and without its text for the client; and how a server ends.</summary>
[Collection(OneServer.Name)]
public sealed class FaultTests(ServerFixture server)
{
    private const string Secret = "the prompt of somebody else";

    public static TheoryData<Exception> Faults { get; } =
    [new ArgumentException(Secret), new ObjectDisposedException(Secret), new InvalidOperationException(Secret)];

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public async Task A_fault_of_the_server_is_status_500_and_its_text_is_in_the_log_alone(Exception fault)
    {
        var log = new KeptLog();
        await using WebApplication app = await StartAsync(new PieceByPiece([], fault), log);
        using HttpResponseMessage response = await PostAsync(app, stream: false);
        string text = await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains("draw_failed", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, text, StringComparison.Ordinal);
        Assert.Contains(log.Errors, line => line.Error == fault);
    }

    [Fact]
    public async Task A_refusal_of_the_policy_is_status_400_in_its_words_and_no_matter_for_the_log()
    {
        var log = new KeptLog();
        await using WebApplication app = await StartAsync(new PieceByPiece([], new CompletionRequestException("too long")), log);
        using HttpResponseMessage response = await PostAsync(app, stream: true);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("too long", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(log.Errors);
    }

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public async Task A_fault_in_the_middle_of_a_stream_ends_it_with_an_error_and_its_text_is_in_the_log_alone(Exception fault)
    {
        var log = new KeptLog();
        await using WebApplication app = await StartAsync(new PieceByPiece(["one "], fault), log);
        using HttpResponseMessage response = await PostAsync(app, stream: true);
        string[] events = (await response.Content.ReadAsStringAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        JsonElement last = JsonDocument.Parse(events[^1]["data: ".Length..]).RootElement.GetProperty("error");
        Assert.Equal(("server_error", "draw_failed"), (last.GetProperty("type").GetString(), last.GetProperty("code").GetString()));
        Assert.Contains(events, line => line.Contains("one ", StringComparison.Ordinal));
        Assert.DoesNotContain(events, line => line.Contains(Secret, StringComparison.Ordinal));
        Assert.Same(fault, Assert.Single(log.Errors).Error);
    }

    [Fact]
    public async Task A_stream_that_is_open_when_the_server_stops_breaks_off_and_nothing_is_logged_as_an_error()
    {
        var log = new KeptLog();
        await using WebApplication app = await StartAsync(new PieceByPiece(["one ", "never"]), log);
        using HttpResponseMessage response = await PostAsync(app, stream: true);
        await using Stream body = await response.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(body);
        string? line;
        do line = await reader.ReadLineAsync();
        while (line?.Contains("one ", StringComparison.Ordinal) == false);
        await app.StopAsync();

        await Assert.ThrowsAnyAsync<IOException>(() => reader.ReadToEndAsync());
        Assert.Empty(log.Errors);
    }

    [Fact]
    public async Task A_server_that_is_told_to_stop_ends_with_clients_in_the_middle_and_logs_no_error()
    {
        var log = new KeptLog();
        await using WebApplication app = Server.Create(server.Arguments, builder => builder.Logging.AddProvider(log));
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = Server.AddressOf(app) };
        using var go = new CancellationTokenSource();
        var busy = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int answered = 0;
        Task[] clients =
        [
            .. Enumerable
                .Range(0, 16)
                .Select(async i =>
                {
                    try
                    {
                        for (int seed = 0; !go.IsCancellationRequested; seed++)
                        {
                            using HttpResponseMessage response = await http.PostAsJsonAsync(
                                "v1/chat/completions",
                                Question(stream: true, seed),
                                go.Token
                            );
                            if (Interlocked.Increment(ref answered) == 16)
                                busy.SetResult();
                            await response.Content.ReadAsStringAsync(go.Token);
                        }
                    }
                    catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
                    {
                        // the server is gone
                    }
                }),
        ];
        await busy.Task;
        await app.StopAsync();
        await app.DisposeAsync();
        await go.CancelAsync();
        await Task.WhenAll(clients);

        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync("health"));
        Assert.Empty(log.Errors);
    }

    private static object Question(bool stream, int seed = 1) =>
        new
        {
            model = "policy",
            messages = new[] { new { role = "user", content = "The film was" } },
            stream,
            seed,
        };

    private async Task<WebApplication> StartAsync(IChatClient policy, KeptLog log)
    {
        WebApplication app = Server.Create(
            server.Arguments,
            builder =>
            {
                builder.Services.AddKeyedSingleton("policy", policy);
                builder.Logging.AddProvider(log);
            }
        );
        await app.StartAsync();
        return app;
    }

    private static async Task<HttpResponseMessage> PostAsync(WebApplication app, bool stream)
    {
        using var http = new HttpClient { BaseAddress = Server.AddressOf(app) };
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions");
        request.Content = JsonContent.Create(Question(stream));
        return await http.SendAsync(request, stream ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead);
    }
}
