using System.Text.Json;
using VariationalBoN.Extensions.AI.Pools;

namespace VariationalBoN.Tests.ExtensionsAI.Pools;

[Trait("Tier", "fast")]
public sealed class CompletionsProtocolTests
{
    private static readonly EncodedRequest s_request = new("x", [3, 1, 4], 159);
    private static readonly GenerationOptions s_settings = new()
    {
        MaxNewTokens = 9,
        Temperature = 0.5,
        TopK = 40,
        TopP = 0.75,
        StopTokens = [2, 7],
    };

    [Fact]
    public async Task Every_setting_is_sent_so_that_none_is_the_servers_own()
    {
        const string Expected = """
            {"model": "served", "prompt": [3, 1, 4], "seed": 159, "temperature": 0.5, "top_k": 40, "top_p": 0.75, "min_p": 0, "presence_penalty": 0, "frequency_penalty": 0, "stream": false,
             "n": 1, "max_tokens": 9, "repetition_penalty": 1, "stop": [], "stop_token_ids": [2, 7], "ignore_eos": true, "min_tokens": 0, "add_special_tokens": false, "skip_special_tokens": false,
             "echo": false, "logprobs": 1, "return_token_ids": true}
            """;

        Assert.Equal(Compact(Expected), await SentAsync(PoolProtocol.Completions, s_settings));
        string plain = await SentAsync(PoolProtocol.Completions, new GenerationOptions());
        Assert.Contains("\"temperature\":1,\"top_k\":0,\"top_p\":1,", plain);
        Assert.Contains("\"max_tokens\":64,", plain);
        Assert.Contains("\"stop_token_ids\":[],", plain);
    }

    [Fact]
    public async Task The_samplers_of_llama_cpp_are_ours_and_no_other()
    {
        const string Expected = """
            {"model": "served", "prompt": [3, 1, 4], "seed": 159, "temperature": 0.5, "top_k": 40, "top_p": 0.75, "min_p": 0, "presence_penalty": 0, "frequency_penalty": 0, "stream": false,
             "n_predict": 9, "repeat_penalty": 1, "samplers": ["temperature", "top_k", "top_p"], "mirostat": 0, "dynatemp_range": 0, "ignore_eos": false, "n_probs": 1, "post_sampling_probs": false, "return_tokens": true}
            """;

        Assert.Equal(Compact(Expected), await SentAsync(PoolProtocol.LlamaCpp, s_settings));
        string plain = await SentAsync(PoolProtocol.LlamaCpp, new GenerationOptions());
        Assert.Contains("\"samplers\":[\"temperature\"],\"mirostat\":0,\"dynatemp_range\":0,\"ignore_eos\":true", plain);
    }

    [Fact]
    public void Answers_of_both_are_read()
    {
        ToldCompletion answer = Read(
            PoolProtocol.Completions,
            """
            {"choices": [{"index": 0, "text": "t", "finish_reason": "stop", "token_ids": [5, 2], "prompt_token_ids": [3, 1, 4], "logprobs": {"tokens": ["a", "b"], "token_logprobs": [-0.25, 0.0]}}]}
            """
        );
        Assert.Equal([5, 2], answer.Tokens.AsEnumerable());
        Assert.Equal([new(null, -0.25), new(null, 0.0)], answer.Told.AsEnumerable());
        Assert.Equal([3, 1, 4], answer.Prompt!.Value.AsEnumerable());

        answer = Read(
            PoolProtocol.LlamaCpp,
            """
            {"content": "t", "stop_type": "eos", "tokens": [5, 2], "completion_probabilities": [{"id": 5, "token": "a", "logprob": -0.25}, {"id": 2, "token": "", "logprob": -3}]}
            """
        );
        Assert.Equal([5, 2], answer.Tokens.AsEnumerable());
        Assert.Equal([new(5, -0.25), new(2, -3.0)], answer.Told.AsEnumerable());
        Assert.Null(answer.Prompt);
    }

    [Theory]
    [InlineData(PoolProtocol.Completions, "[]", "where an object must be")]
    [InlineData(PoolProtocol.Completions, """{"choices": []}""", "exactly one entry")]
    [InlineData(PoolProtocol.Completions, """{"choices": [{"text": "t", "token_ids": null}]}""", "return_token_ids")]
    [InlineData(PoolProtocol.Completions, """{"choices": [{"token_ids": [1]}]}""", "no log-probabilities")]
    [InlineData(
        PoolProtocol.Completions,
        """{"choices": [{"token_ids": [1], "logprobs": {"token_logprobs": [null]}}]}""",
        "must be a number, at most 0"
    )]
    [InlineData(
        PoolProtocol.Completions,
        """{"choices": [{"token_ids": [1], "logprobs": {"token_logprobs": [0.5]}}]}""",
        "must be a number, at most 0"
    )]
    [InlineData(PoolProtocol.Completions, """{"choices": [{"token_ids": [1.5]}]}""", "which is no id")]
    [InlineData(PoolProtocol.LlamaCpp, """{"content": "t", "tokens": []}""", "return_tokens")]
    [InlineData(PoolProtocol.LlamaCpp, """{"tokens": [1]}""", "no log-probabilities")]
    public void An_answer_that_lacks_something_says_what(PoolProtocol protocol, string json, string said) =>
        Assert.Contains(said, Assert.Throws<FormatException>(() => Read(protocol, json)).Message);

    private static ToldCompletion Read(PoolProtocol protocol, string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return CompletionsProtocol.Read(protocol, document.RootElement);
    }

    private static async Task<string> SentAsync(PoolProtocol protocol, GenerationOptions settings)
    {
        using HttpContent content = CompletionsProtocol.Write(protocol, "served", s_request, settings);
        Assert.Equal("application/json", content.Headers.ContentType!.MediaType);
        return await content.ReadAsStringAsync();
    }

    private static string Compact(string json) => JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);
}
