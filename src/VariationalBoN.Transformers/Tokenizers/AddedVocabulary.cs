using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The tokens beside a model's vocabulary, and how they are found in a text before the model sees it.
/// Ids are given as transformers gives them.</summary>
internal sealed class AddedVocabulary
{
    private readonly TokenVocabulary _model;
    private readonly string _place;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly SortedDictionary<int, AddedToken> _tokens = [];
    private readonly HashSet<string> _special = new(StringComparer.Ordinal);
    private int _largest = -1;

    /// <param name="model">The model's own tokens.</param>
    /// <param name="place">The directory or file, for messages.</param>
    internal AddedVocabulary(TokenVocabulary model, string place) => (_model, _place) = (model, place);

    internal IEnumerable<KeyValuePair<int, AddedToken>> Tokens => _tokens;

    /// <summary>Adds a token; one that the model or this knows keeps its id, another gets the next that is free.</summary>
    internal int Add(AddedToken token)
    {
        if (token.Special)
            _special.Add(token.Content);
        if (!TryGetId(token.Content, out int id))
            id =
                _largest < int.MaxValue
                    ? Math.Max(_largest + 1, _model.Count)
                    : throw new InvalidDataException($"{_place}: no id is left for the added token \"{token.Content}\".");
        _largest = Math.Max(_largest, id);
        _ids[token.Content] = id;
        _tokens[id] = token;
        return id;
    }

    /// <summary>Adds what the settings list and what of the special tokens is still missing,
    /// as transformers does after it has read the tokenizer.</summary>
    internal void Add(TokenizerSettings settings)
    {
        var special = settings.Special.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        var listed = settings.Added.Values.Where(token => !(_ids.TryGetValue(token.Content, out int id) && _tokens[id] == token)).ToList();
        foreach (var token in listed.Where(token => token.Content.Length > 0))
            Add(token with { Special = token.Special || special.Contains(token.Content) });
        foreach (var token in settings.Special.Where(token => token.Content.Length > 0 && !_ids.ContainsKey(token.Content)).ToList())
            Add(token);
        if (settings.MaskIsOfClass && settings.Named.TryGetValue("mask_token", out var mask))
            Add(mask);
    }

    internal bool IsSpecial(string token) => _special.Contains(token);

    internal bool TryGetId(string token, out int id) => _ids.TryGetValue(token, out id) || _model.TryGetId(token, out id);

    internal bool TryGetToken(int id, [NotNullWhen(true)] out string? token)
    {
        bool added = _tokens.TryGetValue(id, out var found);
        token = found?.Content;
        return added || _model.TryGetToken(id, out token);
    }

    /// <summary>Whether a token is among those that are sought in the normalised text.</summary>
    internal bool Normalizes => _tokens.Values.Any(token => token.Normalized);

    /// <summary>Finds those tokens that are sought in the text as it stands (or in the normalised text).</summary>
    internal TokenMatcher Matcher(bool normalized, Func<string, string>? normalizer, bool withoutSpecial)
    {
        var sought = _tokens.Where(pair => pair.Value.Normalized == normalized && !(withoutSpecial && pair.Value.Special));
        return new TokenMatcher(
            sought.Select(pair =>
                (
                    normalized && normalizer is not null ? normalizer(pair.Value.Content) : pair.Value.Content,
                    pair.Key,
                    pair.Value with
                    {
                        Special = pair.Value.Special || IsSpecial(pair.Value.Content),
                    }
                )
            )
        );
    }
}
