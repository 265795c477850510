using System.Collections.Immutable;

namespace VariationalBoN.Policies;

/// <summary>The seam to a tokenizer: text to token ids and back.</summary>
/// <remarks>Only prompts are encoded and only drawn tokens are decoded: a completion is never tokenised again. Implementations must be thread-safe.</remarks>
public interface ITokenizer
{
    /// <summary>What tells this tokenizer from others; part of the identity of a policy. <see cref="TokenizerFingerprint"/> makes one of any tokenizer.</summary>
    ModelIdentity Identity { get; }

    /// <summary>The number of token ids, which is the number of logits that the model must return.</summary>
    int VocabularySize { get; }

    /// <summary>The token ids of a prompt.</summary>
    /// <param name="text">The prompt.</param>
    /// <returns>The ids, each in 0 to <see cref="VocabularySize"/> - 1.</returns>
    ImmutableArray<int> Encode(string text);

    /// <summary>The token ids of a prompt, which may be a conversation where the tokenizer knows how to write one.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <returns>The ids; by default those of its text.</returns>
    /// <exception cref="InvalidOperationException">The prompt is a conversation, and the tokenizer is for texts alone.</exception>
    ImmutableArray<int> Encode(Prompt prompt) => Encode(prompt.Text);

    /// <summary>The text of token ids, special tokens left out.</summary>
    /// <param name="tokens">The ids.</param>
    /// <returns>The text.</returns>
    string Decode(IReadOnlyList<int> tokens);
}
