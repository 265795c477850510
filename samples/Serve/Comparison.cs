using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Serve.OpenAI;
using VariationalBoN;
using VariationalBoN.Rewards;

namespace Serve;

/// <summary>
/// <c>POST /compare</c>: one answer of each model to the same prompt, with rewards; what the page shows. Stateless, thread-safe.
/// </summary>
internal static class Comparison
{
    private const int MaxCharacters = 4000;

    /// <summary>Answers <c>{"prompt": "...", "seed": 1}</c>.</summary>
    public static async Task<IResult> AnswerAsync(HttpContext context, IServiceProvider services, Served served)
    {
        CancellationToken stop = context.RequestAborted;
        (string prompt, long seed) = await JsonBody.ReadAsync(context.Request, Read);
        var answers = new List<ComparedAnswer>();
        foreach (ServedEntry model in served.Models)
        {
            long start = Stopwatch.GetTimestamp();
            var client = services.GetRequiredKeyedService<IChatClient>(model.Id);
            ChatResponse response = await client.GetResponseAsync(prompt, new ChatOptions { Seed = seed }, stop);
            long milliseconds = (long)Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            double? reward = null;
            if (response.AdditionalProperties?.TryGetValue("reward", out double known) == true)
                reward = known; // of Best-of-N, which has it already
            else if (served.HasReward)
                reward = (
                    await services
                        .GetRequiredService<IRewardModel>()
                        .ScoreCheckedAsync([(Completion)response.RawRepresentation!], cancellationToken: stop)
                )[0];
            answers.Add(new ComparedAnswer(model.Id, model.Name, model.What, response.Text, reward, milliseconds));
        }

        return Results.Json(new ComparedAnswers(answers), Answers.Json);
    }

    private static (string Prompt, long Seed) Read(JsonElement body)
    {
        if (
            body.ValueKind != JsonValueKind.Object
            || !body.TryGetProperty("prompt", out JsonElement prompt)
            || prompt.ValueKind != JsonValueKind.String
        )
            throw RequestException.Invalid("prompt", "\"prompt\" is missing or no text; the body is {\"prompt\": \"...\", \"seed\": 1}.");
        string text = prompt.GetString()!;
        if (string.IsNullOrWhiteSpace(text) || text.Length > MaxCharacters)
            throw RequestException.Invalid(
                "prompt",
                $"\"prompt\" has {text.Length:N0} characters; it must have 1 to {MaxCharacters:N0}, and not be blank."
            );
        long seed = 1;
        if (body.TryGetProperty("seed", out JsonElement given) && !(given.ValueKind == JsonValueKind.Number && given.TryGetInt64(out seed)))
            throw RequestException.Invalid("seed", $"\"seed\" is {ChatRequest.Shown(given.GetRawText())}; it must be a whole number.");
        return (text, seed);
    }
}

internal sealed record ComparedAnswers(IReadOnlyList<ComparedAnswer> Answers);

internal sealed record ComparedAnswer(string Model, string Name, string What, string Text, double? Reward, long Milliseconds);
