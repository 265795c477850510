using System.Collections.Immutable;

namespace VariationalBoN.Policies;

/// <summary>A prompt as a <see cref="CausalLmPolicy"/> reads it: there is room for a completion behind it. Immutable;
/// thread-safe.</summary>
public sealed class EncodedPrompt
{
    private readonly Func<IReadOnlyList<int>, string> _decode;
    private readonly Lazy<int?> _partOfCharacter;

    internal EncodedPrompt(
        Prompt prompt, ImmutableArray<int> tokens, int? contextLeft, Func<IReadOnlyList<int>, string> decode, Lazy<int?> partOfCharacter)
    {
        (Prompt, Tokens, ContextLeft) = (prompt, tokens, contextLeft);
        (_decode, _partOfCharacter) = (decode, partOfCharacter);
    }

    /// <summary>The prompt x.</summary>
    public Prompt Prompt { get; }

    /// <summary>Its token ids, special tokens included.</summary>
    public ImmutableArray<int> Tokens { get; }

    /// <summary>The tokens that the model's context leaves behind the prompt; null where neither module nor options say how long it
    /// is.</summary>
    public int? ContextLeft { get; }

    /// <summary>A token that spells a part of a character; null where the tokenizer has none.</summary>
    internal int? PartOfCharacter => _partOfCharacter.Value;

    /// <summary>The text of drawn tokens: what they add to the text of the prompt.</summary>
    /// <param name="tokens">The ids, without a final stop token.</param>
    /// <returns>The text, special tokens left out.</returns>
    public string Decode(IReadOnlyList<int> tokens) => _decode(tokens);
}
