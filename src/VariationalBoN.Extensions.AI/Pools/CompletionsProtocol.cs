using System.Buffers;
using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.Json;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Requests for completions, and answers, as JSON.
/// Every setting of sampling is sent, so that none is the server's own. Stateless, thread-safe.</summary>
internal static class CompletionsProtocol
{
    /// <summary>The path of requests.</summary>
    public static string PathOf(PoolProtocol protocol) => protocol == PoolProtocol.LlamaCpp ? "completion" : "v1/completions";

    /// <summary>The JSON of a request.</summary>
    public static HttpContent Write(PoolProtocol protocol, string model, EncodedRequest request, GenerationOptions settings)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model", model);
            WriteIds(json, "prompt", request.Ids);
            json.WriteNumber("seed", request.Seed);
            json.WriteNumber("temperature", settings.Temperature);
            json.WriteNumber("top_k", settings.TopK ?? 0);
            json.WriteNumber("top_p", settings.TopP ?? 1);
            json.WriteNumber("min_p", 0);
            json.WriteNumber("presence_penalty", 0);
            json.WriteNumber("frequency_penalty", 0);
            json.WriteBoolean("stream", false);
            if (protocol == PoolProtocol.LlamaCpp)
                WriteLlamaCpp(json, settings);
            else
                WriteCompletions(json, settings);
            json.WriteEndObject();
        }

        return new ReadOnlyMemoryContent(buffer.WrittenMemory) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    /// <summary>What an answer says: ids, log-probabilities, and the ids of the prompt where it tells them.</summary>
    /// <exception cref="FormatException">It lacks something; the message says what and why.</exception>
    public static ToldCompletion Read(PoolProtocol protocol, JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object)
            throw new FormatException($"it is {answer.ValueKind} where an object must be");
        return protocol == PoolProtocol.LlamaCpp ? ReadLlamaCpp(answer) : ReadCompletions(answer);
    }

    private static void WriteCompletions(Utf8JsonWriter json, GenerationOptions settings)
    {
        json.WriteNumber("n", 1);
        json.WriteNumber("max_tokens", settings.MaxNewTokens);
        json.WriteNumber("repetition_penalty", 1);
        json.WriteStartArray("stop");
        json.WriteEndArray();
        WriteIds(json, "stop_token_ids", [.. settings.StopTokens.Distinct()]);
        json.WriteBoolean("ignore_eos", true); // of the model's own configuration: the stop tokens are all
        json.WriteNumber("min_tokens", 0);
        json.WriteBoolean("add_special_tokens", false);
        json.WriteBoolean("skip_special_tokens", false);
        json.WriteBoolean("echo", false);
        json.WriteNumber("logprobs", 1);
        json.WriteBoolean("return_token_ids", true);
    }

    private static void WriteLlamaCpp(Utf8JsonWriter json, GenerationOptions settings)
    {
        json.WriteNumber("n_predict", settings.MaxNewTokens);
        json.WriteNumber("repeat_penalty", 1);
        json.WriteStartArray("samplers"); // in the order that ours are in, and no other
        foreach (
            string sampler in (ReadOnlySpan<string>)
                [
                    "temperature",
                    .. settings.TopK is null ? [] : (string[])["top_k"],
                    .. settings.TopP is null or 1 ? [] : (string[])["top_p"],
                ]
        )
            json.WriteStringValue(sampler);
        json.WriteEndArray();
        json.WriteNumber("mirostat", 0); // in place of the samplers
        json.WriteNumber("dynatemp_range", 0);
        json.WriteBoolean("ignore_eos", settings.StopTokens.IsEmpty);
        json.WriteNumber("n_probs", 1);
        json.WriteBoolean("post_sampling_probs", false);
        json.WriteBoolean("return_tokens", true);
    }

    private static ToldCompletion ReadCompletions(JsonElement answer)
    {
        if (
            !answer.TryGetProperty("choices", out JsonElement choices)
            || choices.ValueKind != JsonValueKind.Array
            || choices.GetArrayLength() != 1
        )
            throw new FormatException("it must have exactly one entry in \"choices\"");
        JsonElement choice = choices[0];
        ImmutableArray<int> tokens =
            Ids(choice, "token_ids")
            ?? throw new FormatException(
                "it is a text without token ids (\"token_ids\" of its choice), and a text is never tokenised again. vLLM returns them from "
                    + "0.10.2 on, with return_token_ids; for llama.cpp's server set Protocol"
            );
        ImmutableArray<ToldToken> told =
            choice.TryGetProperty("logprobs", out JsonElement all)
            && all.ValueKind == JsonValueKind.Object
            && all.TryGetProperty("token_logprobs", out JsonElement values)
            && values.ValueKind == JsonValueKind.Array
                ? [.. values.EnumerateArray().Select(value => new ToldToken(null, Number(value)))]
                : throw new FormatException(
                    "it has no log-probabilities (\"token_logprobs\"); check whether the server was started with " + "--max-logprobs 0"
                );
        return new ToldCompletion(tokens, told, Ids(choice, "prompt_token_ids") ?? Ids(answer, "prompt_token_ids"));
    }

    private static ToldCompletion ReadLlamaCpp(JsonElement answer)
    {
        ImmutableArray<int> tokens = Ids(answer, "tokens") is { IsEmpty: false } ids
            ? ids
            : throw new FormatException(
                "it is a text without token ids (\"tokens\"), and a text is never tokenised again. llama-server returns them with "
                    + "return_tokens, in versions of 2025 and newer"
            );
        ImmutableArray<ToldToken> told =
            answer.TryGetProperty("completion_probabilities", out JsonElement all) && all.ValueKind == JsonValueKind.Array
                ?
                [
                    .. all.EnumerateArray()
                        .Select(token => new ToldToken(
                            token.TryGetProperty("id", out JsonElement id) && id.TryGetInt32(out int number) ? number : null,
                            token.TryGetProperty("logprob", out JsonElement value)
                                ? Number(value)
                                : throw new FormatException("a token has no \"logprob\"")
                        )),
                ]
                : throw new FormatException("it has no log-probabilities (\"completion_probabilities\")");
        return new ToldCompletion(tokens, told, null);
    }

    private static void WriteIds(Utf8JsonWriter json, string name, ImmutableArray<int> ids)
    {
        json.WriteStartArray(name);
        foreach (int id in ids)
            json.WriteNumberValue(id);
        json.WriteEndArray();
    }

    private static ImmutableArray<int>? Ids(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out JsonElement ids) && ids.ValueKind == JsonValueKind.Array
            ?
            [
                .. ids.EnumerateArray()
                    .Select(id =>
                        id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value)
                            ? value
                            : throw new FormatException($"\"{name}\" holds {id}, which is no id")
                    ),
            ]
            : null;

    private static double Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number <= 1e-3
            ? Math.Min(0, number)
            : throw new FormatException($"a log-probability is {value}; it must be a number, at most 0");
}
