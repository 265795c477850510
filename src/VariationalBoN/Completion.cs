using System.Collections.Immutable;

namespace VariationalBoN;

/// <summary>One completion y of a prompt x: the tokens that were drawn, as plain data.</summary>
/// <remarks>
/// The tokens are what the policy drew, including the stop token when one was drawn; nothing is ever tokenised again, and
/// masks come from the lengths of these arrays. Immutable, so safe to share between threads.
/// </remarks>
public sealed record Completion
{
    /// <summary>The prompt x, also the key under which a <c>ReferenceTable</c> keeps its reference rewards.</summary>
    public required Prompt Prompt { get; init; }

    /// <summary>
    /// The completion y as text, without the prompt and without a final stop token. It is what the decoded text gains when the
    /// tokens of the completion follow those of the prompt, so that the text of the prompt plus this text is the text of both.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>The token ids of the prompt; empty for a policy that has no tokens of its own.</summary>
    public ImmutableArray<int> PromptTokens { get; init; } = [];

    /// <summary>The token ids that were drawn, in order, including a final stop token.</summary>
    public ImmutableArray<int> Tokens { get; init; } = [];

    /// <summary>Whether the completion ended by itself or was cut at the maximum length.</summary>
    public FinishReason FinishReason { get; init; } = FinishReason.Stopped;
}
