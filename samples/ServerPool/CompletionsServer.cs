using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ServerPool;

/// <summary>A server on loopback that speaks OpenAI's completions with vLLM's parameters over any model, in this process;
/// what is wrong with it can be set.</summary>
internal sealed class CompletionsServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private long _answered;

    private CompletionsServer(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public required Uri Address { get; init; }

    /// <summary>What is wrong with it now.</summary>
    public ServerFault Fault { get; set; }

    /// <summary>The requests that it was given.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Told before each answer how many requests there were.</summary>
    public Action<long>? OnRequest { get; set; }

    /// <summary>The prompt that it says it has read; null for the one it was sent.</summary>
    public Func<int[], int[]>? EchoedPrompt { get; set; }

    /// <summary>Starts a server.</summary>
    /// <param name="draw">Draws one completion; called by several threads.</param>
    public static async Task<CompletionsServer> StartAsync(Func<ServedRequest, ServedAnswer> draw)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        CompletionsServer? server = null;
        app.MapPost("/v1/completions", context => server!.AnswerAsync(context, draw));
        await app.StartAsync();
        return server = new CompletionsServer(app)
        {
            Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()),
        };
    }

    /// <summary>Ends it in the middle of what it is at, as a machine that dies.</summary>
    public Task KillAsync() => _app.StopAsync(new CancellationToken(canceled: true));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, Func<ServedRequest, ServedAnswer> draw)
    {
        long answered = Interlocked.Increment(ref _answered);
        OnRequest?.Invoke(answered);
        if (Fault == ServerFault.Unavailable)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        if (Fault == ServerFault.Busy && answered % 3 == 0)
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body);
        ServedRequest request = ServedRequest.Parse(body.RootElement);
        request = Fault switch
        {
            ServerFault.OtherTemperature => request with { Temperature = 0.7 * request.Temperature },
            ServerFault.OneAnswer => request with { Seed = 0 },
            _ => request,
        };
        if (Fault == ServerFault.Slow)
            await Task.Delay(100, context.RequestAborted);
        ServedAnswer answer;
        try
        {
            answer = draw(request);
        }
        catch (Exception e)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            await context.Response.WriteAsync(e.Message);
            return;
        }

        await context.Response.WriteAsJsonAsync(
            new
            {
                model = request.Model,
                choices = new[]
                {
                    new
                    {
                        index = 0,
                        text = answer.Text,
                        finish_reason = answer.Stopped ? "stop" : "length",
                        logprobs = new { token_logprobs = answer.LogProbs },
                        token_ids = Fault == ServerFault.WithoutIds ? null : answer.Tokens,
                        prompt_token_ids = EchoedPrompt?.Invoke(request.Prompt) ?? request.Prompt,
                    },
                },
            }
        );
    }
}
