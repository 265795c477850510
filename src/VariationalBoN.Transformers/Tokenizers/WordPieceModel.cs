namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>WordPiece: of a word the longest token that begins it, then of the rest the longest that continues it; all or the unknown token.</summary>
/// <remarks>
/// Our own: BertTokenizer of Microsoft.ML.Tokenizers 2.0.1 differs on 24 of the 68 golden texts (line ends, ASCII symbols, Chinese beyond the basic plane) and throws at U+FFFE.
/// </remarks>
internal sealed class WordPieceModel : ITokenModel
{
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _first;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _continuing;
    private readonly int _unknown;
    private readonly int _mostCharacters;

    internal WordPieceModel(TokenVocabulary vocabulary, string unknown, string continuingPrefix, int mostCharacters, Func<string, InvalidDataException> fault)
    {
        (Vocabulary, _mostCharacters) = (vocabulary, mostCharacters);
        _unknown = vocabulary.TryGetId(unknown, out int id) ? id : throw fault($"holds no \"{unknown}\", the unknown token");
        var first = new Dictionary<string, int>(vocabulary.Entries, StringComparer.Ordinal);
        var continuing = continuingPrefix.Length == 0 ? first : new Dictionary<string, int>(
            vocabulary.Entries.Where(entry => entry.Key.StartsWith(continuingPrefix, StringComparison.Ordinal)).Select(entry => KeyValuePair.Create(entry.Key[continuingPrefix.Length..], entry.Value)), StringComparer.Ordinal);
        (_first, _continuing) = (first.GetAlternateLookup<ReadOnlySpan<char>>(), continuing.GetAlternateLookup<ReadOnlySpan<char>>());
    }

    public TokenVocabulary Vocabulary { get; }

    internal static WordPieceModel Read(JsonSection section) =>
        new(TokenVocabulary.Read(section.Section("vocab")), section.Text("unk_token"), section.Text("continuing_subword_prefix"), section.Count("max_input_chars_per_word"),
            message => section.Fault("vocab", message));

    public void Encode(string word, List<int> ids)
    {
        int before = ids.Count;
        bool known = word.Length <= _mostCharacters || word.EnumerateRunes().Count() <= _mostCharacters;
        for (int start = 0; known && start < word.Length;)
        {
            int end = word.Length, id = -1;
            while (end > start && !(start == 0 ? _first : _continuing).TryGetValue(word.AsSpan(start, end - start), out id))
                end -= char.IsLowSurrogate(word[end - 1]) ? 2 : 1;
            known = end > start;
            ids.Add(id);
            start = end;
        }

        if (known)
            return;
        ids.RemoveRange(before, ids.Count - before);
        ids.Add(_unknown);
    }
}
