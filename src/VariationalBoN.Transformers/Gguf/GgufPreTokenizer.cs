using System.Text.Json.Nodes;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>The names under which llama.cpp knows how texts are cut before byte pairs are joined. Stateless; thread-safe.</summary>
internal static class GgufPreTokenizer
{
    private const string LikeGpt4 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}";
    private const string LikeGpt4Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The name for a <c>pre_tokenizer</c>; null where llama.cpp has none.</summary>
    internal static string? Name(JsonNode? setting, TokenizerSettings settings)
    {
        bool isSequence = (string?)setting?["type"] == "Sequence";
        JsonNode?[] steps = isSequence ? [.. setting!["pretokenizers"]!.AsArray()] : [setting];
        if (steps.Length == 0 || (string?)steps[^1]?["type"] != "ByteLevel" || AddsSpace(steps[^1]!, isSequence, settings))
            return null;
        bool cuts = (bool?)steps[^1]!["use_regex"] != false;
        return steps.Length switch
        {
            1 when cuts => "gpt-2",
            2 when cuts && (string?)steps[0]?["type"] == "Digits" && (bool?)steps[0]!["individual_digits"] == true => "smollm",
            2
                when !cuts
                    && (string?)steps[0]?["type"] == "Split"
                    && (string?)steps[0]!["behavior"] == "Isolated"
                    && (bool?)steps[0]!["invert"] != true => (string?)steps[0]!["pattern"]?["Regex"] switch
            {
                LikeGpt4 + "{1,3}" + LikeGpt4Rest => "llama-bpe",
                LikeGpt4 + LikeGpt4Rest => "qwen2",
                _ => null,
            },
            _ => null,
        };
    }

    /// <summary>The name for <c>vocab.json</c> with <c>merges.txt</c>; null where llama.cpp has none.</summary>
    internal static string? Name(TokenizerSettings settings) =>
        settings.AddPrefixSpace == true
            ? null
            : settings.Class.Name switch
            {
                "GPT2Tokenizer" => "gpt-2",
                "Qwen2Tokenizer" => "qwen2",
                _ => null,
            };

    /// <summary>Whether llama.cpp takes a word of the vocabulary whole before it tries the merges,
    /// which it knows by the name alone.</summary>
    internal static bool IgnoresMerges(string name) => name == "llama-bpe";

    /// <summary>Whether a space goes before the text: the class's own setting overrides a ByteLevel at the top level.</summary>
    private static bool AddsSpace(JsonNode byteLevel, bool isInside, TokenizerSettings settings) =>
        isInside
            ? (bool?)byteLevel["add_prefix_space"] == true
            : settings.PrefixSpaceOfJson ?? (bool?)byteLevel["add_prefix_space"] == true;
}
