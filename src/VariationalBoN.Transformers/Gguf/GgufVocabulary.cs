using System.Text.Json.Nodes;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>Tokens as llama.cpp wants them.</summary>
/// <param name="model">Its name of the algorithm.</param>
/// <param name="cutting">Its name of how texts are cut before.</param>
/// <param name="size">The number of logits.</param>
internal sealed class GgufVocabulary(string model, string cutting, int size)
{
    private const string LikeGpt4 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}";
    private const string LikeGpt4Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    internal string Model { get; } = model;

    internal string Cutting { get; } = cutting;

    /// <summary>By id; null where the model has a logit and the tokenizer no token.</summary>
    internal string?[] Tokens { get; } = new string?[size];

    internal GgufTokenizer.Kind[] Kinds { get; } = [.. Enumerable.Repeat(GgufTokenizer.Kind.Unused, size)];

    internal string[]? Merges { get; private init; }

    internal float[]? Scores { get; private init; }

    internal bool? PrefixSpace { get; private init; }

    /// <summary>Reads the files that the tokenizer was read from.</summary>
    /// <exception cref="NotSupportedException">llama.cpp has no tokenizer that does the same.</exception>
    internal static GgufVocabulary Read(TokenizerFiles files, int size)
    {
        if (files.Bytes("tokenizer.model") is byte[] pieces)
            return FromPieces(SentencePieceReader.Read(files.PathOf("tokenizer.model"), pieces), size);
        if (files.Text("tokenizer.json") is string json)
            return FromJson(JsonNode.Parse(json)!, files.PathOf("tokenizer.json"), size);
        if (files.Text("vocab.json") is string vocabulary && files.Lines("merges.txt") is string[] merges)
            return BytePairs("gpt-2", JsonNode.Parse(vocabulary)!.AsObject(), [.. merges.Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal))], size);
        throw new NotSupportedException($"The tokenizer in {files.Directory} is none of the kinds that a GGUF file holds: byte-pair encoding over bytes, or SentencePiece's.");
    }

    private static GgufVocabulary FromPieces(SentencePieceModel model, int size)
    {
        var vocabulary = new GgufVocabulary("llama", "default", size) { Scores = new float[size], PrefixSpace = model.AddDummyPrefix };
        for (int id = 0; id < model.Count && id < size; id++)
        {
            vocabulary.Tokens[id] = model.Text(id);
            vocabulary.Kinds[id] = (GgufTokenizer.Kind)model.Type(id); // the numbers are SentencePiece's
            vocabulary.Scores[id] = model.Score(id);
        }

        return vocabulary;
    }

    private static GgufVocabulary FromJson(JsonNode json, string file, int size)
    {
        JsonNode model = json["model"]!;
        if ((string?)model["type"] is not (null or "BPE") || (bool?)model["byte_fallback"] == true)
        {
            throw new NotSupportedException($"{file}: model.type is \"{model["type"]}\"{((bool?)model["byte_fallback"] == true ? " with byte_fallback" : "")}; a GGUF file " +
                "holds byte-pair encoding over bytes, or SentencePiece's if its tokenizer.model lies beside.");
        }

        if (json["normalizer"] is JsonNode normalizer && (string?)normalizer["type"] != "NFC") // which llama.cpp leaves out for Qwen, too
            throw new NotSupportedException($"{file}: normalizer is \"{normalizer["type"]}\", which llama.cpp does not do.");
        string cutting = Cut(json["pre_tokenizer"])
            ?? throw new NotSupportedException($"{file}: pre_tokenizer is none that llama.cpp knows of GPT-2, Llama 3, Qwen 2 and SmolLM.");
        string[] merges = [.. model["merges"]!.AsArray().Select(merge => merge is JsonArray pair ? $"{(string?)pair[0]} {(string?)pair[1]}" : (string)merge!)];
        return BytePairs(cutting, model["vocab"]!.AsObject(), merges, size);
    }

    private static GgufVocabulary BytePairs(string cutting, JsonObject tokens, string[] merges, int size)
    {
        var vocabulary = new GgufVocabulary("gpt2", cutting, size) { Merges = merges };
        foreach ((string token, JsonNode? id) in tokens)
        {
            int place = (int)id!;
            if (place < size)
                (vocabulary.Tokens[place], vocabulary.Kinds[place]) = (token, GgufTokenizer.Kind.Normal);
        }

        return vocabulary;
    }

    /// <summary>The name of how texts are cut; null where there is none for it.</summary>
    private static string? Cut(JsonNode? setting)
    {
        JsonNode?[] steps = (string?)setting?["type"] == "Sequence" ? [.. setting["pretokenizers"]!.AsArray()] : [setting];
        if ((string?)steps[^1]?["type"] != "ByteLevel" || (bool?)steps[^1]!["add_prefix_space"] == true)
            return null;
        bool cuts = (bool?)steps[^1]!["use_regex"] != false;
        return steps.Length switch
        {
            1 when cuts => "gpt-2",
            2 when cuts && (string?)steps[0]?["type"] == "Digits" && (bool?)steps[0]!["individual_digits"] == true => "smollm",
            2 when !cuts && (string?)steps[0]?["type"] == "Split" && (string?)steps[0]!["behavior"] == "Isolated" && (bool?)steps[0]!["invert"] != true
                => (string?)steps[0]!["pattern"]?["Regex"] switch
                {
                    LikeGpt4 + "{1,3}" + LikeGpt4Rest => "llama-bpe",
                    LikeGpt4 + LikeGpt4Rest => "qwen2",
                    _ => null,
                },
            _ => null,
        };
    }
}
