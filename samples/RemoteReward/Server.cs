using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

/// <summary>The reward service: ASP.NET Core on loopback, the schema of docs/remote-rewards.md.</summary>
internal static class Server
{
    /// <summary>Serves until it is killed; says its address on standard output once it listens.</summary>
    public static async Task RunAsync(int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        // snippet: server
        app.MapPost(
            "/score",
            (ScoreRequest request) =>
            {
                double[] variety = [.. request.Completions.Select(c => Judge.Variety(c.Text))];
                double[] taste = [.. request.Completions.Select(c => Judge.Taste(c.Prompt, c.Text))];
                return Results.Ok(
                    new ScoreAnswer(
                        [.. variety.Zip(taste, (v, t) => v + t)],
                        Judge.Identity,
                        new() { ["variety"] = variety, ["taste"] = taste }
                    )
                );
            }
        );
        // end snippet
        app.Urls.Add($"http://127.0.0.1:{port}");
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await app.WaitForShutdownAsync();
    }

    // snippet: schema
    internal sealed record ScoreRequest(ScoreItem[] Completions);

    internal sealed record ScoreItem(string Prompt, string Text, string FinishReason);

    internal sealed record ScoreAnswer(double[] Rewards, string? Model = null, Dictionary<string, double[]>? Components = null);
    // end snippet
}
