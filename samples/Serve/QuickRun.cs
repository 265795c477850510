using System.ClientModel;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;

namespace Serve;

/// <summary>Asks the server as a program would, and says what came back. Stateless.</summary>
internal static class QuickRun
{
    /// <summary>Asks each of the models, whole and piece by piece, and compares their mean rewards.</summary>
    /// <returns>The exit code: 0 when everything came back and the policy's rewards are above the reference's.</returns>
    public static async Task<int> AskAsync(Uri address, TextWriter output, CancellationToken cancellationToken)
    {
        // snippet: client
        var openAI = new OpenAIClient(new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(address, "v1") });
        using IChatClient chat = openAI.GetChatClient("policy").AsIChatClient();
        Console.WriteLine(await chat.GetResponseAsync("The film was", new ChatOptions { Seed = 1 }, cancellationToken));
        await foreach (
            ChatResponseUpdate piece in chat.GetStreamingResponseAsync("The film was", new ChatOptions { Seed = 1 }, cancellationToken)
        )
            Console.Write($"{piece}|"); // the same answer, as it is drawn
        // end snippet
        output.WriteLine();

        using var http = new HttpClient { BaseAddress = address };
        var rewards = new Dictionary<string, List<double>>();
        for (int seed = 1; seed <= 16; seed++)
        {
            using HttpResponseMessage response = await http.PostAsJsonAsync(
                "compare",
                new { prompt = "The story seemed", seed },
                cancellationToken
            );
            response.EnsureSuccessStatusCode();
            foreach (
                JsonElement answer in (await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken))
                    .GetProperty("answers")
                    .EnumerateArray()
            )
            {
                string name = answer.GetProperty("name").GetString()!;
                if (answer.TryGetProperty("reward", out JsonElement reward))
                    (rewards.TryGetValue(name, out var known) ? known : rewards[name] = []).Add(reward.GetDouble());
            }
        }

        output.WriteLine("model       | mean reward of 16 answers");
        foreach ((string name, List<double> values) in rewards)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name, -11} | {values.Average():0.000}"));
        string health = await http.GetStringAsync("health", cancellationToken),
            metrics = await http.GetStringAsync("metrics", cancellationToken);
        string[] counted =
        [
            .. metrics
                .Split('\n')
                .Where(line =>
                    line.StartsWith("variationalbon_", StringComparison.Ordinal) && !line.Contains("_bucket", StringComparison.Ordinal)
                ),
        ];
        output.WriteLine($"health: {health}");
        output.WriteLine(string.Join('\n', counted.Select(line => $"metrics: {line}")));
        bool gained = rewards.Count < 3 || rewards["Policy"].Average() > rewards["Reference"].Average();
        return gained && counted.Length > 0 ? 0 : 1;
    }
}
