namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The step from a word to token ids.</summary>
internal interface ITokenModel
{
    TokenVocabulary Vocabulary { get; }

    /// <summary>The id for what the vocabulary does not hold; null where there is none.</summary>
    int? Unknown { get; }

    /// <summary>Appends the ids of a word that is not empty.</summary>
    void Encode(ReadOnlySpan<char> word, List<int> ids);
}
