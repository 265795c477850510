using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN;

/// <summary>A prompt x: a text, or a conversation as canonical JSON.
/// Its canonical form is the key of tables and stores. Immutable, thread-safe.</summary>
/// <remarks>
/// Prompts are compared by form and character by character: nothing is trimmed or normalised. A conversation keeps each message as it was
/// given (role, content, tool calls, name, in that order of keys), without blanks between tokens;
/// how it becomes text belongs to the policy that reads it.
/// </remarks>
public sealed class Prompt : IEquatable<Prompt>
{
    private Prompt(string canonical, bool isConversation) => (Canonical, IsConversation) = (canonical, isConversation);

    /// <summary>A prompt that is a text.</summary>
    /// <param name="text">The text; it may be empty.</param>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair, which no file or tokenizer can keep.</exception>
    public Prompt(string text)
        : this(Whole(text), isConversation: false) { }

    /// <summary>The text itself, or the messages as a JSON array without blanks between tokens.</summary>
    public string Canonical { get; }

    /// <summary>Whether this is a conversation.</summary>
    public bool IsConversation { get; }

    /// <summary>The text of a prompt that is a text.</summary>
    /// <exception cref="InvalidOperationException">The prompt is a conversation,
    /// which only a policy with a chat template can turn into text.</exception>
    public string Text =>
        IsConversation
            ? throw new InvalidOperationException(
                $"The prompt {Shown.Quoted(Canonical)} is a conversation, and a text is needed here. A policy reads it with the chat "
                    + $"template of its model (ChatTokenizer), a judge takes it as Prompt.Canonical or with its own template."
            )
            : Canonical;

    /// <summary>A prompt that is a conversation.</summary>
    /// <param name="messages">A JSON array of at least one message: objects with a <c>role</c> and what else belongs to it.</param>
    /// <returns>The prompt; the messages are copied as they are.</returns>
    /// <exception cref="ArgumentException">It is no array of messages;
    /// the message that is at fault and what it lacks are named.</exception>
    public static Prompt Conversation(JsonElement messages) => new(ConversationJson.Canonical(messages), isConversation: true);

    /// <summary>A prompt that is a conversation, from JSON text.</summary>
    /// <param name="json">A JSON array of messages.</param>
    /// <returns>The prompt.</returns>
    /// <exception cref="ArgumentException">It is not valid JSON, or no array of messages; the fault is named.</exception>
    public static Prompt Conversation(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return new(ConversationJson.Canonical(json), isConversation: true);
    }

    /// <summary>Prompts of texts.</summary>
    /// <param name="texts">The texts in order.</param>
    /// <returns>A prompt to each; a fresh array.</returns>
    /// <exception cref="ArgumentException">A text holds half of a surrogate pair.</exception>
    public static Prompt[] FromTexts(IEnumerable<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return [.. texts.Select(text => new Prompt(text))];
    }

    /// <summary>
    /// Prompt and answer as a judge reads them: a text followed by the answer, or a conversation with it as the assistant's message. Where
    /// the conversation ends with a text of the assistant, the answer goes on with that text.
    /// </summary>
    /// <param name="answer">The text of a completion.</param>
    /// <returns>Both as one prompt.</returns>
    /// <exception cref="ArgumentException">The answer holds half of a surrogate pair.</exception>
    public Prompt Answered(string answer)
    {
        answer = Whole(answer);
        return IsConversation ? new(ConversationJson.Answered(Canonical, answer), isConversation: true) : new(Canonical + answer);
    }

    /// <summary>A text is a prompt.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">The text holds half of a surrogate pair.</exception>
    public static implicit operator Prompt(string text) => new(text);

    /// <summary>Whether two prompts are of one form and equal character by character.</summary>
    /// <param name="left">A prompt; null equals null.</param>
    /// <param name="right">A prompt.</param>
    public static bool operator ==(Prompt? left, Prompt? right) => left is null ? right is null : left.Equals(right);

    /// <summary>Whether two prompts differ.</summary>
    /// <param name="left">A prompt.</param>
    /// <param name="right">A prompt.</param>
    public static bool operator !=(Prompt? left, Prompt? right) => !(left == right);

    /// <inheritdoc/>
    public bool Equals(Prompt? other) =>
        other is not null && IsConversation == other.IsConversation && string.Equals(Canonical, other.Canonical, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Prompt);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(IsConversation, string.GetHashCode(Canonical, StringComparison.Ordinal));

    /// <summary><see cref="Canonical"/>.</summary>
    /// <returns>The text, or the conversation as JSON.</returns>
    public override string ToString() => Canonical;

    private static string Whole(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int half = Surrogates.FirstHalf(text);
        return half < 0
            ? text
            : throw new ArgumentException(
                $"The prompt {Shown.Quoted(text)} holds half of a surrogate pair at character {half}: it was cut inside a character, and "
                    + $"no file can keep it. Cut texts between characters (StringInfo, or Rune).",
                nameof(text)
            );
    }
}
