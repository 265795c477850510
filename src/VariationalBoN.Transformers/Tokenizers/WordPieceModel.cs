namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>WordPiece: of a word the longest token that begins it,
/// then of the rest the longest that continues it; all or the unknown token.</summary>
/// <remarks>
/// Our own: BertTokenizer of Microsoft.ML.Tokenizers 2.0.1 differs on 24 of the 68 golden texts (line ends,
/// ASCII symbols, Chinese beyond the basic plane) and throws at U+FFFE.
/// </remarks>
internal sealed class WordPieceModel : ITokenModel
{
    private const long MostWork = 10_000_000;
    private const long MostWorkPerCharacter = 2000;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _first;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _continuing;
    private readonly string _unknownText;
    private readonly int? _unknown;
    private readonly long _mostCharacters;
    private readonly int _longest;

    internal WordPieceModel(TokenVocabulary vocabulary, string unknown, string continuingPrefix, long mostCharacters)
    {
        (Vocabulary, _unknownText, _mostCharacters) = (vocabulary, unknown, mostCharacters);
        _unknown = vocabulary.TryGetId(unknown, out int id) ? id : null;
        _longest = vocabulary.Entries.Select(entry => entry.Key.Length).DefaultIfEmpty(0).Max();
        var first = new Dictionary<string, int>(vocabulary.Entries, StringComparer.Ordinal);
        var continuing =
            continuingPrefix.Length == 0
                ? first
                : new Dictionary<string, int>(
                    vocabulary
                        .Entries.Where(entry => entry.Key.StartsWith(continuingPrefix, StringComparison.Ordinal))
                        .Select(entry => KeyValuePair.Create(entry.Key[continuingPrefix.Length..], entry.Value)),
                    StringComparer.Ordinal
                );
        (_first, _continuing) = (first.GetAlternateLookup<ReadOnlySpan<char>>(), continuing.GetAlternateLookup<ReadOnlySpan<char>>());
    }

    public TokenVocabulary Vocabulary { get; }

    public int? Unknown => _unknown;

    internal static WordPieceModel Read(JsonSection section) =>
        new(
            TokenVocabulary.Read(section.Section("vocab")),
            section.Text("unk_token"),
            section.Text("continuing_subword_prefix"),
            section.LongCount("max_input_chars_per_word")
        );

    /// <exception cref="InvalidOperationException">The word needs the unknown token, which the vocabulary does not hold, or more work
    /// than a vocabulary of words asks for.</exception>
    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        int before = ids.Count;
        bool known = word.Length <= _mostCharacters || Characters(word) <= _mostCharacters;
        long work = MostWork + MostWorkPerCharacter * word.Length;
        for (int start = 0; known && start < word.Length; )
        {
            int end = Math.Min(word.Length, start + _longest),
                id = -1;
            if (end < word.Length && char.IsLowSurrogate(word[end]))
                end++;
            while (end > start && !(start == 0 ? _first : _continuing).TryGetValue(word[start..end], out id))
            {
                if ((work -= end - start) < 0)
                    throw new InvalidOperationException(
                        $"The tokenizer's max_input_chars_per_word = {_mostCharacters} accepts a word of "
                            + $"{word.Length} characters, which takes too much work with tokens of {_longest}."
                    );
                end -= char.IsLowSurrogate(word[end - 1]) ? 2 : 1;
            }

            known = end > start;
            ids.Add(id);
            start = end;
        }

        if (known)
            return;
        ids.RemoveRange(before, ids.Count - before);
        ids.Add(_unknown ?? throw MissingUnknown(word, _unknownText));
    }

    /// <summary>What a model says of a word that needs its unknown token, when there is none.</summary>
    internal static InvalidOperationException MissingUnknown(ReadOnlySpan<char> word, string unknown) =>
        new(
            $"The text holds \"{(word.Length > 60 ? string.Concat(word[..60], "...") : word)}\", which the tokenizer does not know, and "
                + $"its unknown token {unknown} is not in its vocabulary."
        );

    private static int Characters(ReadOnlySpan<char> word)
    {
        int count = 0;
        foreach (char c in word)
            count += char.IsLowSurrogate(c) ? 0 : 1;
        return count;
    }
}
