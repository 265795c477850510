namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The step from a word to token ids.</summary>
internal interface ITokenModel
{
    TokenVocabulary Vocabulary { get; }

    /// <summary>Appends the ids of a word that is not empty.</summary>
    void Encode(ReadOnlySpan<char> word, List<int> ids);
}
