using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The tokens of a model and their ids, both ways. Ids need not be dense.</summary>
internal sealed class TokenVocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;
    private readonly Dictionary<int, string> _tokens;

    internal TokenVocabulary(int capacity)
    {
        (_ids, _tokens) = (new(capacity, StringComparer.Ordinal), new(capacity));
        _idsBySpan = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    internal int Count => _ids.Count;

    internal int LargestId { get; private set; } = -1;

    internal IEnumerable<KeyValuePair<string, int>> Entries => _ids;

    internal static TokenVocabulary Read(JsonSection section)
    {
        var vocabulary = new TokenVocabulary(0);
        foreach (var (token, value) in section.Entries())
        {
            int id = section.CountOf(token, value);
            if (!vocabulary.TryAdd(token, id))
                throw section.Fault(token, $"has the id {id} of another token");
        }

        return vocabulary;
    }

    /// <summary>Adds a token; false when the token or the id is there already.</summary>
    internal bool TryAdd(string token, int id)
    {
        if (_tokens.ContainsKey(id) || !_ids.TryAdd(token, id))
            return false;
        _tokens[id] = token;
        LargestId = Math.Max(LargestId, id);
        return true;
    }

    /// <summary>Adds a token under an id that is free; one that is there moves to it, and its old id names none.</summary>
    internal void Set(string token, int id)
    {
        if (_ids.Remove(token, out int old))
            _tokens.Remove(old);
        TryAdd(token, id);
    }

    internal bool TryGetId(string token, out int id) => _ids.TryGetValue(token, out id);

    internal bool TryGetId(ReadOnlySpan<char> token, out int id) => _idsBySpan.TryGetValue(token, out id);

    internal bool TryGetToken(int id, [NotNullWhen(true)] out string? token) => _tokens.TryGetValue(id, out token);
}
