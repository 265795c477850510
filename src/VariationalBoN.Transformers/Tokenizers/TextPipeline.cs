using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The steps of Hugging Face's tokenizers library: find added tokens, normalise, cut, apply the model; and back.</summary>
internal sealed partial class TextPipeline : TokenizerEngine
{
    private readonly TextPipelineParts _parts;
    private readonly TokenMatcher _raw;
    private readonly TokenMatcher _normalized;
    private readonly bool _normalizes;

    internal TextPipeline(TextPipelineParts parts, bool splitSpecialTokens)
    {
        _parts = parts;
        _raw = parts.Added.Matcher(normalized: false, null, splitSpecialTokens);
        _normalized = parts.Added.Matcher(normalized: true, parts.Normalizer, splitSpecialTokens);
        _normalizes = parts.Added.Normalizes;
    }

    internal override TokenFrame Frame => _parts.Frame;

    internal override IEnumerable<KeyValuePair<int, AddedToken>> Added => _parts.Added.Tokens;

    protected override int? Unknown => _parts.Model.Unknown;

    internal override int LargestModelId => _parts.Model.Vocabulary.LargestId;

    /// <summary>The longest text that a normaliser may make of one: more than any needs, so that none can fill the memory.</summary>
    internal static int MostGrowth(int length) => (int)Math.Min(int.MaxValue, 100_000 + 100L * length);

    internal override bool TryGetId(string token, out int id) => _parts.Added.TryGetId(token, out id);

    internal override bool TryGetToken(int id, [NotNullWhen(true)] out string? token) => _parts.Added.TryGetToken(id, out token);

    internal override bool IsSpecial(int id) => TryGetToken(id, out string? token) && _parts.Added.IsSpecial(token);

    internal override List<int> Encode(string text, TextRanges? plain = null)
    {
        var ids = new List<int>();
        foreach (var (start, end, id) in _raw.Split(text, plain))
        {
            if (id >= 0)
                ids.Add(id);
            else
                EncodePart(
                    end - start == text.Length ? text : text[start..end],
                    start == 0,
                    ids,
                    plain?.Touch(start, end) == true ? plain.Within(start, end) : null
                );
        }

        return ids;
    }

    internal override string Decode(IEnumerable<int> ids, bool skipSpecial)
    {
        var tokens = new List<string>();
        if (_parts.ClassDecoding == ClassDecoding.Whisper && skipSpecial)
            ids = WithoutPrompt(ids.ToList());
        foreach (int id in ids)
        {
            if (TryGetToken(id, out string? token) && !(skipSpecial && _parts.Added.IsSpecial(token)))
                tokens.Add(token);
        }

        string text = _parts.Decoder is null ? string.Join(' ', tokens) : Joined(_parts.Decoder(tokens));
        text = _parts.ClassDecoding switch
        {
            ClassDecoding.Clip when _parts.Model is BytePairModel { EndOfWordSuffix.Length: > 0 } model => text.Replace(
                    model.EndOfWordSuffix,
                    " ",
                    StringComparison.Ordinal
                )
                .Trim(),
            ClassDecoding.Whisper => TimeStamp().Replace(text, ""),
            _ => text,
        };
        return _parts.CleanUp ? DecoderReader.CleanUp(text) : text;
    }

    [GeneratedRegex(@"<\|\d+\.\d+\|>", RegexOptions.CultureInvariant)]
    private static partial Regex TimeStamp();

    /// <summary>What Whisper leaves of ids that begin with a prompt: those from the start of the transcript on.</summary>
    private List<int> WithoutPrompt(List<int> ids)
    {
        if (ids.Count == 0 || !TryGetId("<|startofprev|>", out int prompt) || ids[0] != prompt)
            return ids;
        int start = TryGetId("<|startoftranscript|>", out int id) ? ids.IndexOf(id) : -1;
        return start < 0 ? [] : ids[start..];
    }

    private static string Joined(IReadOnlyList<string> texts) => texts.Count == 1 ? texts[0] : string.Concat(texts);

    /// <summary>Normalises a text.</summary>
    /// <returns>Whether what is left begins where the text does: not when the normaliser takes its first character out.</returns>
    private bool BeginsWithItsFirst(string text, out string normal)
    {
        normal = _parts.Normalizer?.Invoke(text) ?? text;
        return _parts.Normalizer is null
            || normal.Length == 0
            || normal[0] == text[0]
            || _parts.Normalizer(Rune.GetRuneAt(text, 0).ToString()).Length > 0;
    }

    private void EncodePart(string text, bool first, List<int> ids, TextRanges? plain)
    {
        TextRanges? spelled = plain;
        if (_parts.Normalizer is not null && _normalizes)
            plain = plain?.Normalized(text, _parts.Normalizer);
        first &= BeginsWithItsFirst(text, out text);
        PieceSink model = word =>
        {
            int before = ids.Count;
            _parts.Model.Encode(word.Text, ids);
            if (spelled is not null)
                RequireText(ids, before, spelled);
        };
        foreach (var (start, end, id) in _normalized.Split(text, plain))
        {
            if (id >= 0)
            {
                ids.Add(id);
                continue;
            }

            var piece = new Piece(text.AsSpan(start, end - start), first && start == 0);
            if (_parts.PreTokenizer is null)
                model(piece);
            else
                _parts.PreTokenizer(piece, model);
        }
    }
}
