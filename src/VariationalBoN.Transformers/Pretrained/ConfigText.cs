using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using VariationalBoN.Internal;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Pretrained;

/// <summary>Single keys in the JSON of a model directory: read, or written with all else as it was. Stateless, thread-safe.</summary>
internal static class ConfigText
{
    /// <summary>Where a configuration names the element type of the weights: transformers 5, and before it.</summary>
    private static readonly string[] TypeKeys = ["dtype", "torch_dtype"];

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// The configuration with the element type of the weights under each key that it has for it; byte for byte as it was found where it
    /// says so already. Without a key the weights are float32 to transformers, so that any other type gets one.
    /// </summary>
    internal static byte[] WithElementType(byte[] config, ScalarType type)
    {
        string name = type.ToString().ToLowerInvariant();
        var json = JsonNode.Parse(config)!.AsObject();
        string[] keys = [.. TypeKeys.Where(json.ContainsKey)];
        if (
            keys.Length == 0
                ? type == ScalarType.Float32
                : keys.All(key => json[key] is JsonValue value && value.TryGetValue(out string? found) && found == name)
        )
            return config;
        foreach (string key in keys.Length == 0 ? ["torch_dtype"] : keys)
            json[key] = name;
        return Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n");
    }

    /// <summary>The settings of a tokenizer with a padding token.</summary>
    internal static byte[] WithPadding(ReadOnlySpan<byte> settings, string padding)
    {
        var json = JsonNode.Parse(settings)!.AsObject();
        json["pad_token"] = padding;
        return Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n");
    }

    /// <summary>The tokens that end a text (<c>eos_token_id</c>) and have a logit; null where the key is not there.</summary>
    /// <exception cref="InvalidDataException">They are no tokens.</exception>
    internal static ImmutableArray<int>? StopTokens(string json, int vocabularySize)
    {
        JsonNode? node = ConfigReader.Parse(json).Raw("eos_token_id");
        if (node is null)
            return null;
        ImmutableArray<int> stops =
        [
            .. (node as JsonArray ?? [node.DeepClone()]).Select(id =>
                id is JsonValue value && value.TryGetValue(out int token)
                    ? token
                    : throw new InvalidDataException(
                        $"eos_token_id is {Shown.Text(node.ToJsonString())}; it must be a token or a list of tokens"
                    )
            ),
        ];
        // a token without a logit is never drawn, so it ends nothing
        return [.. stops.Where(token => token >= 0 && token < vocabularySize)];
    }
}
