using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.ML.Tokenizers;
using VariationalBoN.Policies;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Makes a tokenizer of Microsoft.ML.Tokenizers usable as <see cref="ITokenizer"/>.</summary>
/// <remarks>Thread-safe, as those tokenizers are.</remarks>
public sealed class MicrosoftTokenizer : ITokenizer
{
    private readonly Tokenizer _tokenizer;
    private readonly FrozenSet<int> _special;

    /// <summary>Wraps a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="vocabularySize">The number of logits of the model, at least 1; models often have some that no text uses.</param>
    /// <param name="specialTokens">Ids that <see cref="Decode"/> leaves out, such as stop and padding tokens.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below 1, or a special token lies outside the vocabulary.</exception>
    public MicrosoftTokenizer(Tokenizer tokenizer, int vocabularySize, IEnumerable<int>? specialTokens = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 1);
        _tokenizer = tokenizer;
        _special = (specialTokens ?? []).ToFrozenSet();
        VocabularySize = vocabularySize;
        foreach (int token in _special)
        {
            if (token < 0 || token >= vocabularySize)
                throw new ArgumentOutOfRangeException(
                    nameof(specialTokens),
                    token,
                    $"Special tokens must lie in the vocabulary, 0 to {vocabularySize - 1}."
                );
        }
    }

    /// <inheritdoc/>
    /// <remarks>Its type and a digest of the ids of a fixed text.</remarks>
    public ModelIdentity Identity => TokenizerFingerprint.Of(this);

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <inheritdoc/>
    public ImmutableArray<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [.. _tokenizer.EncodeToIds(text)];
    }

    /// <inheritdoc/>
    /// <remarks>
    /// For the tokenizers of Microsoft.ML.Tokenizers it is known which special tokens they put around a text, except for the end of
    /// sentence of <see cref="BpeTokenizer"/>, which that class does not expose. Any other tokenizer counts as one that puts none.
    /// </remarks>
    public ImmutableArray<int> Encode(string text, bool addSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(text);
        return addSpecialTokens
            ? Encode(text)
            : _tokenizer switch
            {
                SentencePieceTokenizer pieces => [.. pieces.EncodeToIds(text, addBeginningOfSentence: false, addEndOfSentence: false)],
                CodeGenTokenizer pairs =>
                [
                    .. pairs.EncodeToIds(text, pairs.AddPrefixSpace, addBeginningOfSentence: false, addEndOfSentence: false),
                ],
                BpeTokenizer { BeginningOfSentenceToken: not null } => [.. _tokenizer.EncodeToIds(text).Skip(1)],
                _ => Encode(text),
            };
    }

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        return _tokenizer.Decode(tokens.Where(token => !_special.Contains(token)));
    }
}
