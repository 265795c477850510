namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Whole words or the unknown token.</summary>
internal sealed class WordLevelModel : ITokenModel
{
    private readonly int? _unknown;
    private readonly string _unknownText;

    private WordLevelModel(JsonSection section)
    {
        Vocabulary = TokenVocabulary.Read(section.Section("vocab"));
        _unknownText = section.Text("unk_token");
        _unknown = Vocabulary.TryGetId(_unknownText, out int id) ? id : null;
    }

    public TokenVocabulary Vocabulary { get; }

    public int? Unknown => _unknown;

    internal static WordLevelModel Read(JsonSection section) => new(section);

    /// <exception cref="InvalidOperationException">The word needs the unknown token, which the vocabulary does not hold.</exception>
    public void Encode(ReadOnlySpan<char> word, List<int> ids) =>
        ids.Add(Vocabulary.TryGetId(word, out int id) ? id : _unknown ?? throw WordPieceModel.MissingUnknown(word, _unknownText));
}
