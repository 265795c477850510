using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>
/// A directory with <c>tokenizer.model</c> alone, as LlamaTokenizer of transformers 4 reads it with the sentencepiece library. (Its
/// converted twin, LlamaTokenizerFast, differs from it on texts that begin with spaces; both count as right.)
/// </summary>
internal sealed class LlamaSentencePiece : TokenizerEngine
{
    private readonly SentencePieceModel _model;
    private readonly SentencePieceDecoder _decoder;
    private readonly TokenizerSettings _settings;
    private readonly AddedVocabulary _added;
    private readonly TokenMatcher _matcher;
    private readonly Dictionary<int, AddedToken> _addedById;
    private readonly HashSet<string> _special;
    private readonly string _unknown;
    private readonly int _unknownLength;

    internal LlamaSentencePiece(SentencePieceModel model, TokenizerSettings settings)
    {
        (_model, _settings) = (model, settings);
        _decoder = new SentencePieceDecoder(model, DummyPrefix || model.RemoveExtraWhitespaces);
        var vocabulary = new TokenVocabulary(model.Count);
        for (int id = 0; id < model.Count; id++)
            vocabulary.TryAdd(model.Text(id), id);
        _added = new AddedVocabulary(vocabulary, settings.Place);
        TokenizerFilesReader.AddListed(_added, settings);
        _addedById = _added.Tokens.ToDictionary(pair => pair.Key, pair => pair.Value);
        _special = settings.Special.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        _matcher = new TokenMatcher(
            settings.SplitSpecialTokens
                ? []
                : _addedById.Select(pair =>
                    (
                        pair.Value.Content,
                        pair.Key,
                        pair.Value with
                        {
                            SingleWord = false,
                            LeftStrip = false,
                            RightStrip = false,
                            Special = pair.Value.Special || _special.Contains(pair.Value.Content),
                        }
                    )
                )
        );
        _unknown = settings.Named.TryGetValue("unk_token", out var unknown) ? unknown.Content : "";
        _unknownLength = model.Encode(_unknown, DummyPrefix).Count;
        Frame = TokenizerJsonReader.BosEos(_added, settings);
    }

    internal override TokenFrame Frame { get; }

    internal override IEnumerable<KeyValuePair<int, AddedToken>> Added => _added.Tokens;

    protected override int? Unknown => _model.Id("");

    internal override int LargestModelId => _model.Count - 1;

    private bool DummyPrefix => _settings.Legacy && _model.AddDummyPrefix;

    private bool AddPrefixSpace => _settings.AddPrefixSpace ?? true;

    internal override bool TryGetId(string token, out int id) => _added.TryGetId(token, out id);

    internal override bool TryGetToken(int id, [NotNullWhen(true)] out string? token) => _added.TryGetToken(id, out token);

    internal override bool IsSpecial(int id) =>
        TryGetToken(id, out string? token) && (_special.Contains(token) || _addedById.TryGetValue(id, out var added) && added.Special);

    internal override List<int> Encode(string text, TextRanges? plain = null)
    {
        if (text.Length == 0)
            return [];
        if (!_settings.Legacy)
        {
            text = text.Replace(SentencePieceModel.Space, ' ');
            if (AddPrefixSpace)
                (text, plain) = (SentencePieceModel.Space + text, plain?.Within(-1, text.Length));
        }

        List<string> tokens =
        [
            .. Parts(text, plain)
                .Where(part => part.Text.Length > 0)
                .SelectMany(part => part.Token is null ? Pieces(part.Text, plain) : [part.Text]),
        ];
        if (
            !_settings.Legacy
            && tokens.Count > 1
            && tokens[0].Length == 1
            && tokens[0][0] == SentencePieceModel.Space
            && _special.Contains(tokens[1])
        )
            tokens.RemoveAt(0);
        return [.. tokens.Select(Id)];
    }

    internal override string Decode(IEnumerable<int> ids, bool skipSpecial)
    {
        var texts = new List<string>();
        var current = new List<string>();
        foreach (int id in ids)
        {
            if (!TryGetToken(id, out string? token) || skipSpecial && _special.Contains(token))
                continue;
            if (_addedById.TryGetValue(id, out var added) && !_special.Contains(added.Content))
            {
                Flush();
                texts.Add(token);
            }
            else
            {
                current.Add(token);
            }
        }

        Flush();
        string text = string.Join(' ', texts);
        return _settings.CleanUp ? DecoderReader.CleanUp(text) : text;

        void Flush()
        {
            if (current.Count > 0 && Text(current) is { Length: > 0 } text)
                texts.Add(text);
            current.Clear();
        }
    }

    /// <summary>Cuts a text at the added tokens and lets them take the white space that they ask for.</summary>
    private List<(string Text, AddedToken? Token)> Parts(string text, TextRanges? plain)
    {
        var parts = _matcher
            .Split(text, plain)
            .Select(part => (Text: text[part.Start..part.End], Token: part.Id < 0 ? null : _addedById[part.Id]))
            .ToList();
        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i].Token is not AddedToken token)
                continue;
            bool hasLeft = i > 0 && parts[i - 1].Text.Length > 0,
                hasRight = i + 1 < parts.Count;
            if (token.RightStrip && hasRight)
                parts[i + 1] = parts[i + 1] with { Text = parts[i + 1].Text.TrimStart() };
            if (token.LeftStrip && hasLeft)
                parts[i - 1] = parts[i - 1] with { Text = parts[i - 1].Text.TrimEnd() };
            if (token.SingleWord && hasLeft && !parts[i - 1].Text.EndsWith(' '))
                (parts[i - 1], parts[i]) = ((parts[i - 1].Text + token.Content, null), ("", null));
            else if (token.SingleWord && hasRight && parts[i + 1].Text.Length > 0 && !parts[i + 1].Text.StartsWith(' '))
                (parts[i + 1], parts[i]) = ((token.Content + parts[i + 1].Text, null), ("", null));
        }

        return parts;
    }

    /// <summary>The pieces of a part; where it begins with a space, the unknown token goes before it and off again,
    /// since the library might strip the space.</summary>
    private List<string> Pieces(string text, TextRanges? plain)
    {
        List<string> pieces = Pieces(text);
        if (plain is not null)
            RequireText([.. pieces.Select(Id)], 0, plain);
        return pieces;
    }

    private int Id(string piece) => _added.TryGetId(piece, out int id) ? id : _model.Id(piece);

    private List<string> Pieces(string text)
    {
        if (_settings.Legacy || !text.StartsWith(SentencePieceModel.Space) && !text.StartsWith(' '))
            return _model.Encode(text, DummyPrefix);
        var pieces = _model.Encode(_unknown + text, DummyPrefix);
        return pieces.Count >= _unknownLength ? pieces[_unknownLength..] : pieces;
    }

    /// <summary>The text of tokens: special ones as they stand, the runs between them as SentencePiece decodes them.</summary>
    private string Text(List<string> tokens)
    {
        var text = new StringBuilder();
        var run = new List<string>();
        bool afterSpecial = false;
        if (AddPrefixSpace && tokens[0].StartsWith(SentencePieceModel.Space))
            tokens[0] = tokens[0][1..];
        for (int i = 0; i < tokens.Count; i++)
        {
            bool special = _special.Contains(tokens[i]);
            if (special)
            {
                if (!afterSpecial && i != 0 && _settings.Legacy)
                    text.Append(' ');
                text.Append(_decoder.Decode(run)).Append(tokens[i]);
                run.Clear();
            }
            else
            {
                if (afterSpecial && i == 1 && AddPrefixSpace && !tokens[i].StartsWith(SentencePieceModel.Space))
                    text.Append(' ');
                run.Add(tokens[i]);
            }

            afterSpecial = special;
        }

        return text.Append(_decoder.Decode(run)).ToString();
    }
}
