using System.Text.Json;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Makes a tokenizer of <c>tokenizer.json</c>, with what its class and settings override, as transformers does.</summary>
internal static class TokenizerJsonReader
{
    internal static TokenizerEngine Read(JsonSection root, TokenizerSettings settings)
    {
        root.Require("version", "1.0");
        root.Ignore("padding", "truncation"); // in force only where a caller of transformers asks; the side of the cut is read by Side
        var model = Model(root.Section("model"));
        var normalizer = NormalizerReader.Read(root.SectionOrNull("normalizer"), settings);
        var added = new AddedVocabulary(model.Vocabulary, settings.Place);
        foreach (var section in root.Raw("added_tokens") is null ? [] : root.Sections("added_tokens"))
        {
            int id = section.Count("id");
            var token = AddedToken.Read(section);
            if (token.Content.Length == 0)
                throw section.Fault("content", "is empty");
            if (added.Add(token) is var given && given != id)
                throw section.Fault("id", $"is {id}, but \"{token.Content}\" has or gets {given}");
        }

        added.Add(settings);
        var frame = TokenFrame.Read(root.SectionOrNull("post_processor"));
        var parts = new TextPipelineParts
        {
            Model = model,
            Added = added,
            Normalizer = normalizer,
            PreTokenizer = PreTokenizerReader.Read(root.SectionOrNull("pre_tokenizer"), settings.PrefixSpaceOfJson),
            Frame = settings.RewritesFrame ? BosEos(added, settings) : frame,
            Decoder = DecoderReader.Read(root.SectionOrNull("decoder")),
            ClassDecoding = settings.Class.Decoding,
            CleanUp = settings.CleanUp,
        };
        root.RequireNothingLeft();
        return new TextPipeline(parts, settings.SplitSpecialTokens);
    }

    /// <summary>Whether the file cuts long texts on the left; null when it does not say.</summary>
    internal static bool? TruncatesLeft(JsonSection? root) =>
        root?.SectionOrNull("truncation")?.TextOrNull("direction") switch
        {
            null => null,
            "Left" => true,
            "Right" => false,
            var direction => throw root!.Fault("truncation.direction", $"is \"{direction}\"; it must be Left or Right"),
        };

    internal static TokenFrame BosEos(AddedVocabulary added, TokenizerSettings settings) =>
        new(settings.AddBos ? [Named(added, settings, "bos_token")] : [], settings.AddEos ? [Named(added, settings, "eos_token")] : []);

    internal static int Named(AddedVocabulary added, TokenizerSettings settings, string name) =>
        settings.Named.TryGetValue(name, out var token) && added.TryGetId(token.Content, out int id)
            ? id
            : throw new InvalidDataException(
                $"{settings.Place}: {name} stands around every text of {settings.Class.Name}, but there is none; name it there."
            );

    private static ITokenModel Model(JsonSection section)
    {
        string type = ModelType(section);
        ITokenModel model = type switch
        {
            "BPE" => BytePairReader.Read(section),
            "WordPiece" => WordPieceModel.Read(section),
            "WordLevel" => WordLevelModel.Read(section),
            _ => throw section.Fault("type", $"is \"{type}\"; supported: BPE, WordPiece, WordLevel"),
        };
        section.IgnoreStray();
        section.RequireNothingLeft();
        return model;
    }

    /// <summary>Refuses a model of type Unigram, which no supported family of models uses, whatever its class.</summary>
    internal static void RefuseUnigram(JsonSection? root)
    {
        if (root?.SectionOrNull("model") is JsonSection section && ModelType(section) == "Unigram")
            throw section.Fault("type", "is \"Unigram\"; supported: BPE, WordPiece, WordLevel");
    }

    /// <summary>The type of a model, which older files leave out.</summary>
    private static string ModelType(JsonSection section) =>
        section.TextOrNull("type")
        ?? (
            section.Holds("merges") ? "BPE"
            : section.Holds("max_input_chars_per_word") ? "WordPiece"
            : section.Raw("vocab")?.ValueKind == JsonValueKind.Array ? "Unigram"
            : "WordLevel"
        );
}
