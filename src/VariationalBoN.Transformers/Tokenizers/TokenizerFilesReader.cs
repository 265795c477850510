using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Makes a tokenizer of the files that stand beside or instead of <c>tokenizer.json</c>, as transformers converts them.</summary>
internal static class TokenizerFilesReader
{
    private const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    internal static TokenizerEngine Read(TokenizerFiles files, TokenizerSettings settings)
    {
        if (files.Bytes("tokenizer.model") is byte[] model && settings.Class.Name == "LlamaTokenizer")
            return new LlamaSentencePiece(SentencePieceReader.Read(files.PathOf("tokenizer.model"), model), settings);
        return settings.Class switch
        {
            { IsBert: true } => WordPiece(files, settings),
            { Name: "GPT2Tokenizer" or "RobertaTokenizer" } => BytePairs(
                files,
                settings,
                null,
                PreTokenizerReader.ByteLevel(settings.AddPrefixSpace ?? false, useRegex: true)
            ),
            { Name: "Qwen2Tokenizer" } => BytePairs(
                files,
                settings,
                TextNormalizers.Form(NormalizationForm.FormC),
                PreTokenizerReader.Sequence(
                    PreTokenizerReader.Split(new TextPattern(null, new UnicodeRegex(Qwen2Pattern)), SplitBehavior.Isolated, invert: false),
                    PreTokenizerReader.ByteLevel(settings.AddPrefixSpace ?? false, useRegex: false)
                )
            ),
            _ => throw new InvalidDataException(
                $"{files.Directory}: {settings.Class.Name} needs "
                    + $"tokenizer.json{(settings.Class.Name == "LlamaTokenizer" ? " or tokenizer.model" : "")}, which is not there."
            ),
        };
    }

    private static TextPipeline BytePairs(
        TokenizerFiles files,
        TokenizerSettings settings,
        Func<string, string>? normalizer,
        PieceCutter preTokenizer
    )
    {
        var model = BytePairReader.ReadFiles(files, everyLine: settings.Class.Name == "Qwen2Tokenizer");
        var added = new AddedVocabulary(model.Vocabulary, settings.Place);
        AddListed(added, settings);
        var frame =
            settings.Class.Name == "RobertaTokenizer"
                ? new TokenFrame(
                    [TokenizerJsonReader.Named(added, settings, "cls_token")],
                    [TokenizerJsonReader.Named(added, settings, "sep_token")]
                )
            : settings.Class.Name == "GPT2Tokenizer" && settings.AddBos
                ? new TokenFrame([TokenizerJsonReader.Named(added, settings, "bos_token")], [])
            : TokenFrame.None;
        return new TextPipeline(
            new TextPipelineParts
            {
                Model = model,
                Added = added,
                Normalizer = normalizer,
                PreTokenizer = preTokenizer,
                Frame = frame,
                Decoder = tokens => [ByteLevelAlphabet.Decode(tokens)],
                CleanUp = settings.CleanUp,
            },
            settings.SplitSpecialTokens
        );
    }

    private static TextPipeline WordPiece(TokenizerFiles files, TokenizerSettings settings)
    {
        string[] lines = files.Lines("vocab.txt") ?? throw new InvalidDataException($"{files.Directory}: vocab.txt is missing.");
        var vocabulary = new TokenVocabulary(lines.Length);
        for (int i = 0; i < lines.Length; i++)
        {
            vocabulary.Set(lines[i], i); // of a token that stands there twice the second counts, as in Python
        }

        string unknown = settings.Named.TryGetValue("unk_token", out var token) ? token.Content : "[UNK]";
        var model = new WordPieceModel(vocabulary, unknown, "##", mostCharacters: 100);
        var added = new AddedVocabulary(vocabulary, settings.Place);
        AddListed(added, settings);
        return new TextPipeline(
            new TextPipelineParts
            {
                Model = model,
                Added = added,
                Normalizer = TextNormalizers.Bert(
                    cleanText: true,
                    settings.TokenizeChinese,
                    settings.StripAccents ?? settings.LowerCase,
                    settings.LowerCase
                ),
                PreTokenizer = PreTokenizerReader.Bert,
                Frame = new TokenFrame(
                    [TokenizerJsonReader.Named(added, settings, "cls_token")],
                    [TokenizerJsonReader.Named(added, settings, "sep_token")]
                ),
                Decoder = DecoderReader.WordPiece("##", cleanup: true),
                CleanUp = settings.CleanUp,
            },
            settings.SplitSpecialTokens
        );
    }

    /// <summary>Adds the tokens of the settings, which must get the ids that stand there.</summary>
    internal static void AddListed(AddedVocabulary added, TokenizerSettings settings)
    {
        added.Add(settings);
        foreach (var (id, token) in settings.Added)
        {
            if (added.TryGetId(token.Content, out int given) && given != id)
                throw new InvalidDataException(
                    $"{settings.Place}: the added token \"{token.Content}\" is listed as {id}, but has or gets {given}."
                );
        }
    }
}
