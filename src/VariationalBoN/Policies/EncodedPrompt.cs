using System.Collections.Immutable;

namespace VariationalBoN.Policies;

/// <summary>
/// The tokens of a prompt that a <see cref="CausalLmPolicy"/> can draw from,
/// and how many more fit into its context. Immutable; thread-safe.
/// </summary>
public sealed class EncodedPrompt
{
    private readonly ITokenizer _tokenizer;
    private readonly Func<IReadOnlyList<int>, string> _decode;
    private readonly Lazy<int?> _partOfCharacter;

    internal EncodedPrompt(Prompt prompt, ImmutableArray<int> tokens, int? contextLeft, ITokenizer tokenizer, Lazy<int?> partOfCharacter)
    {
        (Prompt, Tokens, ContextLeft) = (prompt, tokens, contextLeft);
        (_tokenizer, _decode, _partOfCharacter) = (tokenizer, tokenizer.DecoderAfter(tokens), partOfCharacter);
    }

    /// <summary>The prompt x.</summary>
    public Prompt Prompt { get; }

    /// <summary>The token ids of the prompt, special tokens included.</summary>
    public ImmutableArray<int> Tokens { get; }

    /// <summary>How many tokens fit into the model's context after the prompt; null
    /// where neither module nor options say how long the context is.</summary>
    public int? ContextLeft { get; }

    /// <summary>A token that spells a part of a character; null where the tokenizer has none.</summary>
    internal int? PartOfCharacter => _partOfCharacter.Value;

    /// <summary>The text of drawn tokens: what they add to the text of the prompt.</summary>
    /// <param name="tokens">The ids, without a final stop token.</param>
    /// <returns>The text, special tokens left out.</returns>
    public string Decode(IReadOnlyList<int> tokens) => _decode(tokens);

    /// <summary>What decodes tokens behind the last few of prompt and completion; null where these have no text.</summary>
    /// <param name="drawn">The tokens of the completion so far.</param>
    /// <param name="count">How many are looked back at.</param>
    internal Func<IReadOnlyList<int>, string>? DecoderBehind(List<int> drawn, int count)
    {
        int[] last = [.. Tokens.Skip(Tokens.Length + drawn.Count - count), .. drawn.TakeLast(count)];
        return _tokenizer.Decode(last).Length == 0 ? null : _tokenizer.DecoderAfter(last);
    }
}
