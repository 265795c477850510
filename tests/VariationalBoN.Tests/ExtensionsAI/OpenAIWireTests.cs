using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI;
using VariationalBoN.Extensions.AI.Judges;
using VariationalBoN.Extensions.AI.References;
using VariationalBoN.Rewards;
using VariationalBoN.Tests.Rewards;

namespace VariationalBoN.Tests.ExtensionsAI;

/// <summary>Judge and sampler over loopback through the client of OpenAI's protocol, which vLLM and others speak.</summary>
[Trait("Tier", "fast")]
public sealed class OpenAIWireTests
{
    [Fact]
    public async Task Sampler_and_judge_speak_to_a_server_of_that_protocol()
    {
        var sent = new List<JsonElement>();
        await using var server = new ScriptedServer(
            (request, body, _) =>
            {
                lock (sent)
                    sent.Add(JsonDocument.Parse(body).RootElement);
                return Task.FromResult<string?>(
                    ScriptedServer.Answer(
                        request switch
                        {
                            0 => Chat("spring", "stop"),
                            1 => Chat("spring is long", "length"),
                            _ => Chat("0.5", "stop"),
                        }
                    )
                );
            }
        );
        var address = new Uri(server.Endpoint, "/v1");
        // snippet: openai
        // such as http://localhost:8000/v1
        var options = new OpenAIClientOptions { Endpoint = address, RetryPolicy = new ClientRetryPolicy(0) };
        using IChatClient served = new OpenAIClient(new ApiKeyCredential("none"), options).GetChatClient("served").AsIChatClient();
        var retry = new RetryOptions { StatusOf = e => (e as ClientResultException)?.Status };
        var sampler = new ChatReferenceSampler(
            served,
            new()
            {
                MaxOutputTokens = 3,
                Temperature = 0.75f,
                MaxConcurrency = 1,
                Retry = retry,
            }
        );
        IRewardModel judge = new ChatRewardModel(served, new() { Template = "Rate {completion}" }).WithRetry(retry);
        // end snippet

        IReadOnlyList<Completion> drawn = await sampler.SampleAsync(["a day in"], 2, 1);
        double reward = (await judge.ScoreAsync([drawn[0]], CancellationToken.None))[0];

        Assert.Equal(
            [("spring", FinishReason.Stopped), ("spring is long", FinishReason.Length)],
            drawn.Select(completion => (completion.Text, completion.FinishReason))
        );
        Assert.Equal(0.5, reward);
        Assert.Equal(
            ("served", 0.75, 1.0),
            (
                sent[0].GetProperty("model").GetString(),
                sent[0].GetProperty("temperature").GetDouble(),
                sent[0].GetProperty("top_p").GetDouble()
            )
        );
        Assert.Equal(sent[0].GetProperty("seed").GetInt64() + 1, sent[1].GetProperty("seed").GetInt64());
        Assert.Contains("\"a day in\"", sent[1].GetProperty("messages")[0].GetRawText());
        Assert.Contains("\"Rate spring\"", sent[2].GetProperty("messages")[0].GetRawText());
        Assert.Equal(0, sent[2].GetProperty("temperature").GetDouble());
    }

    internal static string Chat(string text, string reason) =>
        $$"""{"id": "1", "object": "chat.completion", "created": 1, "model": "served", "choices": [{"index": 0, "message": {"role": "assistant", "content": "{{text}}"}, "finish_reason": "{{reason}}"}]}""";
}
