using System.Collections.Immutable;

namespace VariationalBoN.Transformers.Chat;

/// <summary>A conversation of training data as a model reads it,
/// with the tokens that the assistant wrote. Immutable; thread-safe.</summary>
public sealed class ChatTurns
{
    internal ChatTurns(
        Prompt conversation,
        string text,
        ImmutableArray<int> tokens,
        ImmutableArray<bool> isAssistant,
        Func<IReadOnlyList<int>, IReadOnlyList<int>, string> decode
    )
    {
        (Text, Tokens, IsAssistant) = (text, tokens, isAssistant);
        int first = isAssistant.IndexOf(true),
            end = isAssistant.LastIndexOf(true) + 1;
        Mask = isAssistant[first..end];
        ImmutableArray<int> before = tokens[..first],
            behind = tokens[first..end];
        Completion = new Completion
        {
            Prompt = conversation,
            Text = decode(before, behind),
            PromptTokens = before,
            Tokens = behind,
        };
    }

    /// <summary>The text that the template wrote.</summary>
    public string Text { get; }

    /// <summary>The ids of the whole conversation, as <see cref="ChatTokenizer.Read"/> gives them.</summary>
    public ImmutableArray<int> Tokens { get; }

    /// <summary>For each id whether the assistant wrote it: its words and what ends its turn. At least one is true.</summary>
    public ImmutableArray<bool> IsAssistant { get; }

    /// <summary>
    /// The conversation as a completion that a policy scores in one pass: the first of the assistant's tokens begins it, its last ends it.
    /// Its prompt is the whole
    /// conversation.
    /// </summary>
    public Completion Completion { get; }

    /// <summary>For each token of <see cref="Completion"/> whether the assistant
    /// wrote it: the mask of <see cref="Losses.MaskedLikelihood"/>.</summary>
    public ImmutableArray<bool> Mask { get; }
}
