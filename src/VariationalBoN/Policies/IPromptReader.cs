using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Policies;

/// <summary>A policy that can tell, without drawing, whether it can draw from a prompt.</summary>
/// <remarks>Thread-safe.</remarks>
public interface IPromptReader : IPolicy
{
    /// <summary>Whether prompts may be conversations (<see cref="ITokenizer.ReadsConversations"/>).</summary>
    bool ReadsConversations { get; }

    /// <summary>Reads a prompt without drawing: whether there is room for a completion behind it.</summary>
    /// <param name="prompt">The prompt, from wherever it comes.</param>
    /// <param name="encoded">Its tokens, and what the context leaves behind them.</param>
    /// <param name="reason">Otherwise what is wrong with the prompt, with its length and the longest that there may be.</param>
    /// <returns>Whether it can be drawn from.</returns>
    /// <remarks>What the tokenizer throws is a fault of the prompt where <see cref="ITokenizer.Encode(Prompt, bool)"/> says so;
    /// anything else it throws is thrown here too.</remarks>
    /// <exception cref="ArgumentException">The tokenizer gives a token outside its vocabulary, which is no fault of the prompt.</exception>
    bool TryEncode(Prompt prompt, [NotNullWhen(true)] out EncodedPrompt? encoded, [NotNullWhen(false)] out string? reason);
}
