using System.Text.Json;

namespace ServerPool;

/// <summary>What is asked of a server in one request: the parameters of POST /v1/completions that it heeds.</summary>
internal sealed record ServedRequest(
    string Model,
    int[] Prompt,
    long Seed,
    int MaxTokens,
    double Temperature,
    int TopK,
    double TopP,
    int[] StopTokens
)
{
    public static ServedRequest Parse(JsonElement json) =>
        new(
            json.GetProperty("model").GetString()!,
            Ids(json.GetProperty("prompt")),
            json.GetProperty("seed").GetInt64(),
            json.GetProperty("max_tokens").GetInt32(),
            json.GetProperty("temperature").GetDouble(),
            json.GetProperty("top_k").GetInt32(),
            json.GetProperty("top_p").GetDouble(),
            Ids(json.GetProperty("stop_token_ids"))
        );

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];
}
