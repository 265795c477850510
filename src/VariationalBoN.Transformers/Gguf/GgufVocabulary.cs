using System.Text.Json.Nodes;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Transformers.Gguf;

/// <summary>Tokens as llama.cpp wants them.</summary>
/// <param name="model">Its name of the algorithm.</param>
/// <param name="cutting">Its name of how texts are cut before.</param>
/// <param name="size">The number of logits.</param>
internal sealed class GgufVocabulary(string model, string cutting, int size)
{
    private const string PrefixAfterSpecial =
        "so that it makes other tokens of such texts than this library. Give it texts without special tokens inside, or tokens by number "
        + "(docs/gguf.md in the repository).";

    internal string Model { get; } = model;

    internal string Cutting { get; } = cutting;

    /// <summary>By id; null where the model has a logit and the tokenizer no token.</summary>
    internal string?[] Tokens { get; } = new string?[size];

    internal GgufTokenizer.Kind[] Kinds { get; } = [.. Enumerable.Repeat(GgufTokenizer.Kind.Unused, size)];

    internal string[]? Merges { get; private init; }

    internal float[]? Scores { get; private init; }

    internal bool? PrefixSpace { get; private init; }

    /// <summary>Where llama.cpp makes other tokens of some texts; null where it does not.</summary>
    internal string? Warning { get; private init; }

    /// <summary>Reads the files that the tokenizer was read from, the same first.</summary>
    /// <exception cref="NotSupportedException">llama.cpp has no tokenizer that does the same.</exception>
    /// <exception cref="InvalidDataException"><c>tokenizer.model</c> beside
    /// <c>tokenizer.json</c> is damaged or holds other tokens.</exception>
    internal static GgufVocabulary Read(TokenizerFiles files, int size)
    {
        var settings = TokenizerSettings.Read(files);
        if (files.Text("tokenizer.json") is string text)
        {
            JsonNode json = JsonNode.Parse(text)!;
            string file = files.PathOf("tokenizer.json");
            JsonNode model = json["model"]!;
            if ((string?)model["type"] is not (null or "BPE") || model["merges"] is not JsonArray)
            {
                throw new NotSupportedException(
                    $"{file}: model.type is \"{model["type"]}\"; a GGUF file holds byte-pair encoding over bytes (BPE), or SentencePiece's."
                );
            }

            return (bool?)model["byte_fallback"] == true ? FromConverted(json, files, size) : FromJson(json, file, settings, size);
        }

        if (settings.Class.Name == "LlamaTokenizer" && files.Bytes("tokenizer.model") is byte[] pieces)
            return FromPieces(
                SentencePieceReader.Read(files.PathOf("tokenizer.model"), pieces),
                files.PathOf("tokenizer.model"),
                settings,
                size
            );
        string cutting =
            GgufPreTokenizer.Name(settings)
            ?? throw new NotSupportedException(
                $"{settings.Place}: the tokenizer is a "
                    + $"{settings.Class.Name}{(settings.AddPrefixSpace == true ? " with add_prefix_space" : "")}; of "
                    + "files without tokenizer.json a GGUF file holds those of GPT2Tokenizer and Qwen2Tokenizer, without "
                    + "add_prefix_space, and of LlamaTokenizer."
            );
        var merges = BytePairReader.Merges(files, everyLine: settings.Class.Name == "Qwen2Tokenizer");
        return BytePairs(
            cutting,
            JsonNode.Parse(files.Text("vocab.json")!)!.AsObject(),
            [.. merges.Select(merge => string.Join(' ', merge.Parts))],
            size
        );
    }

    /// <summary>SentencePiece's own file, as LlamaTokenizer reads it.</summary>
    private static GgufVocabulary FromPieces(SentencePieceModel model, string file, TokenizerSettings settings, int size)
    {
        if (model.RemoveExtraWhitespaces)
            throw new NotSupportedException($"{file}: normalizer_spec.remove_extra_whitespaces is true; llama.cpp keeps all spaces.");
        bool prefix = settings.Legacy ? model.AddDummyPrefix : settings.AddPrefixSpace ?? true;
        return Pieces(
            model,
            file,
            prefix,
            settings.Legacy || !prefix
                ? null
                : $"{settings.Place}: with legacy = false one space goes before a text; llama.cpp puts one after every special token, "
                    + $"too, {PrefixAfterSpecial}",
            size
        );
    }

    /// <summary>A <c>tokenizer.json</c> that was converted from SentencePiece,
    /// whose scores and kinds of tokens only <c>tokenizer.model</c> holds.</summary>
    private static GgufVocabulary FromConverted(JsonNode json, TokenizerFiles files, int size)
    {
        string file = files.PathOf("tokenizer.json"),
            other = files.PathOf("tokenizer.model");
        var model = SentencePieceReader.Read(
            other,
            files.Bytes("tokenizer.model")
                ?? throw new NotSupportedException(
                    $"{file}: model.byte_fallback is true, as of one converted from SentencePiece; a GGUF file needs the scores of "
                        + $"tokenizer.model, which "
                        + "does not lie beside. Put it there."
                )
        );
        if ((bool?)json["model"]!["ignore_merges"] == true)
            throw new NotSupportedException($"{file}: model.ignore_merges is true, which llama.cpp does not do for SentencePiece.");
        var tokens = json["model"]!["vocab"]!.AsObject();
        foreach ((string token, JsonNode? number) in tokens)
        {
            int id = (int)number!;
            string? piece = id < model.Count ? model.Text(id) : null;
            if (piece != token)
                throw Unlike(other, $"the piece {id} is {(piece is null ? "missing" : $"\"{piece}\"")}, but \"{token}\" in {file}");
        }

        if (tokens.Count != model.Count)
            throw Unlike(other, $"there are {model.Count} pieces, but {tokens.Count} tokens in {file}");
        string scheme =
            Spaces(json)
            ?? throw new NotSupportedException(
                $"{file}: normalizer and pre_tokenizer treat spaces in none of the ways of llama.cpp's SentencePiece: a Metaspace without "
                    + $"split, or a "
                    + "Replace of spaces with or without a Prepend."
            );
        return Pieces(
            model,
            other,
            scheme != "never",
            scheme is not ("first" or "always")
                ? null
                : $"{file}: with prepend_scheme = {scheme} a space goes before {(scheme == "first" ? "a text" : "each part of a text")} "
                    + $"that begins with "
                    + $"none; llama.cpp puts one before any text and after every special token, {PrefixAfterSpecial}",
            size
        );
    }

    private static InvalidDataException Unlike(string file, string how) => new($"{file}: {how}; the two do not belong together.");

    /// <summary>When a space is put before a text: never, each (before any part), or the scheme of a Metaspace;
    /// null for another treatment of spaces.</summary>
    private static string? Spaces(JsonNode json)
    {
        JsonNode? normalizer = json["normalizer"],
            cutter = json["pre_tokenizer"];
        if (normalizer is null && (string?)cutter?["type"] == "Metaspace")
            return (string?)cutter["replacement"] == "\u2581" && (bool?)cutter["split"] == false
                ? (string?)cutter["prepend_scheme"] ?? "always"
                : null;
        JsonNode?[] steps = (string?)normalizer?["type"] == "Sequence" ? [.. normalizer["normalizers"]!.AsArray()] : [normalizer];
        bool replaces =
            cutter is null
            && (string?)steps[^1]?["type"] == "Replace"
            && (string?)steps[^1]!["pattern"]?["String"] == " "
            && (string?)steps[^1]!["content"] == "\u2581";
        return !replaces ? null
            : steps.Length == 1 ? "never"
            : steps.Length == 2 && (string?)steps[0]?["type"] == "Prepend" && (string?)steps[0]!["prepend"] == "\u2581" ? "each"
            : null;
    }

    private static GgufVocabulary Pieces(SentencePieceModel model, string file, bool prefixSpace, string? warning, int size)
    {
        if (!model.ByteFallback)
            throw new NotSupportedException(
                $"{file}: trainer_spec.byte_fallback is false; llama.cpp makes bytes of characters that no piece holds."
            );
        var vocabulary = new GgufVocabulary("llama", "default", size)
        {
            Scores = new float[size],
            PrefixSpace = prefixSpace,
            Warning = warning,
        };
        for (int id = 0; id < model.Count && id < size; id++)
        {
            vocabulary.Tokens[id] = model.Text(id);
            vocabulary.Kinds[id] = (GgufTokenizer.Kind)model.Type(id); // the numbers are SentencePiece's
            vocabulary.Scores[id] = model.Score(id);
        }

        return vocabulary;
    }

    private static GgufVocabulary FromJson(JsonNode json, string file, TokenizerSettings settings, int size)
    {
        JsonNode model = json["model"]!;
        if (json["normalizer"] is JsonNode normalizer && (string?)normalizer["type"] != "NFC") // which llama.cpp leaves out for Qwen, too
            throw new NotSupportedException($"{file}: normalizer is \"{normalizer["type"]}\", which llama.cpp does not do.");
        string cutting =
            GgufPreTokenizer.Name(json["pre_tokenizer"], settings)
            ?? throw new NotSupportedException(
                $"{file}: pre_tokenizer is none that llama.cpp knows of GPT-2, Llama 3, Qwen 2 and SmolLM, or puts a space before a text "
                    + $"(add_prefix_space)."
            );
        bool ignores = (bool?)model["ignore_merges"] ?? false;
        if (ignores != GgufPreTokenizer.IgnoresMerges(cutting))
            throw new NotSupportedException(
                $"{file}: model.ignore_merges is {(ignores ? "true" : "false")}; llama.cpp takes the other for texts cut as {cutting} does."
            );
        foreach (string name in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
        {
            if ((string?)model[name] is { Length: > 0 } affix)
                throw new NotSupportedException($"{file}: model.{name} is \"{affix}\", which llama.cpp does not put.");
        }

        var merges = model["merges"]!
            .AsArray()
            .Select(merge => merge is JsonArray pair ? $"{(string?)pair[0]} {(string?)pair[1]}" : (string)merge!);
        // of a merge that stands twice the second counts here, in llama.cpp the first
        return BytePairs(cutting, model["vocab"]!.AsObject(), [.. merges.Reverse().Distinct().Reverse()], size);
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
}
