using System.Collections.Immutable;

namespace VariationalBoN.Policies;

/// <summary>A tokenizer: text to token ids and back.</summary>
/// <remarks>Only prompts are encoded and only drawn tokens are decoded:
/// a completion is never tokenised again. Implementations must be thread-safe.</remarks>
public interface ITokenizer
{
    /// <summary>Identifies this tokenizer; part of the identity of a policy.
    /// <see cref="TokenizerFingerprint"/> makes one of any tokenizer.</summary>
    ModelIdentity Identity { get; }

    /// <summary>The number of token ids, which is the number of logits that the model must return.</summary>
    int VocabularySize { get; }

    /// <summary>Whether the tokenizer accepts conversations, as one with a chat template does.</summary>
    /// <value>false, as is right for a tokenizer of texts.</value>
    bool ReadsConversations => false;

    /// <summary>The token ids of a prompt, with the special tokens that the model expects around a text.</summary>
    /// <param name="text">The prompt.</param>
    /// <returns>The ids, each in 0 to <see cref="VocabularySize"/> - 1.</returns>
    ImmutableArray<int> Encode(string text);

    /// <summary>The token ids of a prompt that may have its special tokens already, such as the output of a chat template.</summary>
    /// <param name="text">The prompt.</param>
    /// <param name="addSpecialTokens">Whether special tokens are put around it.</param>
    /// <returns>
    /// The ids, each in 0 to <see cref="VocabularySize"/> - 1. By default those of <see cref="Encode(string)"/> either way,
    /// as is right for a tokenizer that puts none around a text.
    /// </returns>
    ImmutableArray<int> Encode(string text, bool addSpecialTokens) => Encode(text);

    /// <summary>The token ids of a prompt, which may be a conversation where the tokenizer knows how to write one.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="addSpecialTokens">Whether special tokens are put around a text; a conversation has those of its chat template.</param>
    /// <returns>The ids; by default those of its text.</returns>
    /// <exception cref="ArgumentException">The prompt cannot be read; a <see cref="FormatException"/>
    /// says so, too. Any other exception counts as a fault of the tokenizer.</exception>
    /// <exception cref="InvalidOperationException">The prompt is a conversation, and the tokenizer is for texts alone.</exception>
    ImmutableArray<int> Encode(Prompt prompt, bool addSpecialTokens) => Encode(prompt.Text, addSpecialTokens);

    /// <summary>The text of token ids, special tokens left out.</summary>
    /// <param name="tokens">The ids.</param>
    /// <returns>The text.</returns>
    string Decode(IReadOnlyList<int> tokens);

    /// <summary>Gives a function that decodes completions of a prompt; the prompt itself is decoded once.</summary>
    /// <remarks>
    /// A completion's text is Decode(prompt and tokens) without the beginning that it has in common with Decode(prompt), so that the text
    /// of the prompt and that of the completion are the text of both. Decoded alone, a completion can lose what a decoder takes off the
    /// beginning of a text, such as the space before a word.
    /// Where the prompt ends within a character, the completion's text has the whole character.
    /// </remarks>
    /// <param name="prompt">The ids of the prompt, special tokens included.</param>
    /// <returns>From the ids of a completion to its text; thread-safe.</returns>
    Func<IReadOnlyList<int>, string> DecoderAfter(IReadOnlyList<int> prompt)
    {
        string before = Decode(prompt);
        return tokens => CompletionText.After(before, Decode([.. prompt, .. tokens]));
    }
}
