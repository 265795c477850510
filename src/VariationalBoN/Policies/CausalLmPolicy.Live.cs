using System.Diagnostics.CodeAnalysis;
using VariationalBoN.Policies;

namespace VariationalBoN;

public sealed partial class CausalLmPolicy
{
    /// <summary>The longest sequence, prompt and completion together, in tokens; null where neither options nor module say it.</summary>
    public int? ContextLength => _contextLength;

    /// <inheritdoc/>
    public bool ReadsConversations => _tokenizer.ReadsConversations;

    /// <inheritdoc/>
    /// <remarks>There is room where the context holds the prompt and <see cref="GenerationOptions.MaxNewTokens"/> tokens.</remarks>
    public bool TryEncode(Prompt prompt, [NotNullWhen(true)] out EncodedPrompt? encoded, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return _prompts.TryEncode(prompt, out encoded, out reason);
    }

    /// <summary>Starts a decode that requests can join and leave while it
    /// is under way. Nothing is computed before the first step.</summary>
    /// <returns>The decode, the caller's to dispose. It takes requests of this policy and of what <see cref="With"/> makes of it.</returns>
    public LiveDecoding StartLiveDecoding() => new(this);
}
