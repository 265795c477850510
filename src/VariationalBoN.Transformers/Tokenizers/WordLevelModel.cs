namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Whole words or the unknown token.</summary>
internal sealed class WordLevelModel : ITokenModel
{
    private readonly int _unknown;

    private WordLevelModel(JsonSection section)
    {
        Vocabulary = TokenVocabulary.Read(section.Section("vocab"));
        string unknown = section.Text("unk_token");
        _unknown = Vocabulary.TryGetId(unknown, out int id) ? id : throw section.Fault("unk_token", $"is \"{unknown}\", which the vocabulary does not hold");
    }

    public TokenVocabulary Vocabulary { get; }

    internal static WordLevelModel Read(JsonSection section) => new(section);

    public void Encode(string word, List<int> ids) => ids.Add(Vocabulary.TryGetId(word, out int id) ? id : _unknown);
}
