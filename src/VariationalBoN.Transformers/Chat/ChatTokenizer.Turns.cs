using System.Collections.Immutable;
using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Transformers.Chat;

public sealed partial class ChatTokenizer
{
    /// <summary>A conversation of training data: its ids, and which of them the assistant wrote.</summary>
    /// <remarks>
    /// Where the template has <c>{% generation %}</c> blocks, what they print is the assistant's. Otherwise a turn begins where the conversation before it ends together with its
    /// generation prompt, and ends with the conversation up to it, less what follows <see cref="EndOfTurn"/>: the conversation must begin with both, which a template breaks
    /// that writes an answer differently once others follow (some leave out earlier thinking). Such a conversation is refused; <see cref="ReadEachTurn"/> takes it apart.
    /// <see cref="ChatTokenizerOptions.AddGenerationPrompt"/> and <see cref="ChatTokenizerOptions.ContinueFinalMessage"/> do not count here.
    /// </remarks>
    /// <param name="conversation">A conversation with at least one message of the assistant.</param>
    /// <returns>Ids and mask.</returns>
    /// <exception cref="ArgumentException">
    /// It is a text, or has no message of the assistant; or the template writes a turn differently once others follow, or a token joins the template's words and the assistant's;
    /// the message is named. Or as for <see cref="Read"/>.
    /// </exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation or a beginning of it.</exception>
    public ChatTurns ReadTurns(Prompt conversation) => Turns(conversation, Parsed(conversation), lastAlone: false);

    /// <summary>Each turn of the assistant by itself, behind all that comes before it: for templates that write earlier turns differently.</summary>
    /// <inheritdoc cref="ReadTurns"/>
    /// <param name="conversation">A conversation with at least one message of the assistant.</param>
    /// <returns>For each message of the assistant the conversation up to it, with that turn alone in the mask.</returns>
    public IReadOnlyList<ChatTurns> ReadEachTurn(Prompt conversation)
    {
        JsonArray messages = Parsed(conversation);
        return [.. Enumerable.Range(0, messages.Count).Where(i => IsAssistant(messages, i)).Select(i => Part(messages, i + 1))
            .Select(part => Turns(Prompt.Conversation(part.ToJsonString()), part, lastAlone: true))];
    }

    private static JsonArray Parsed(Prompt conversation)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        if (!conversation.IsConversation)
            throw new ArgumentException($"The prompt {Internal.Shown.Quoted(conversation.Text)} is a text, which has no turns; give a conversation.", nameof(conversation));
        JsonArray messages = JsonNode.Parse(conversation.Canonical)!.AsArray();
        return Enumerable.Range(0, messages.Count).Any(i => IsAssistant(messages, i)) ? messages
            : throw new ArgumentException("The conversation has no message of the assistant, so that there is nothing to learn from it; leave it out.", nameof(conversation));
    }

    private ChatTurns Turns(Prompt conversation, JsonArray messages, bool lastAlone)
    {
        if (!Options.AllowIgnored)
            _ignored.Refuse(messages);
        RenderedChat chat = Rendered(messages, generationPrompt: false);
        ImmutableArray<int> tokens = TokensOf(chat, chat.Text.Length, addSpecialTokens: true);
        bool[] mask = new bool[tokens.Length];
        if (chat.GenerationRanges.Count > 0)
        {
            foreach (CharacterRange range in lastAlone ? chat.GenerationRanges.TakeLast(1) : chat.GenerationRanges)
                Mark(mask, Boundary(chat, tokens, range.Start, "an assistant's words"), Boundary(chat, tokens, range.End, "an assistant's words"));
        }
        else
        {
            for (int i = 0; i < messages.Count; i++)
            {
                if (IsAssistant(messages, i) && !(i > 0 && IsAssistant(messages, i - 1)) && (!lastAlone || LastOfRun(messages, i) == messages.Count - 1))
                    MarkTurn(chat, tokens, mask, messages, i);
            }
        }

        if (!mask.Contains(true))
            throw new ArgumentException($"No token of the conversation is the assistant's: the template {Template.Name} leaves its messages out.", nameof(conversation));
        return new ChatTurns(conversation, chat.Text, tokens, [.. mask], (before, behind) => DecoderAfter(before)(behind));
    }

    /// <summary>Marks the turn that begins with a message: prefixes with and without it are beginnings of the whole.</summary>
    private void MarkTurn(RenderedChat chat, ImmutableArray<int> tokens, bool[] mask, JsonArray messages, int message)
    {
        int last = LastOfRun(messages, message);
        int start = Beginning(message, generationPrompt: true), end = Beginning(last + 1, generationPrompt: false);
        string what = $"message {message}";
        int from = Boundary(chat, tokens, start, what), to = Boundary(chat, tokens, end, what);
        if (EndOfTurn is int ends && tokens.AsSpan(from, to - from).LastIndexOf(ends) is >= 0 and var at)
            to = from + at + 1; // such as the line break behind it, which is never drawn
        Mark(mask, from, to);

        int Beginning(int count, bool generationPrompt)
        {
            if (count == messages.Count && !generationPrompt)
                return chat.Text.Length;
            string text = count == 0 ? Rendered([], generationPrompt).Text : Rendered(Part(messages, count), generationPrompt).Text;
            return chat.Text.StartsWith(text, StringComparison.Ordinal) ? text.Length : throw new ArgumentException(
                $"The chat template {Template.Name} has no generation block, and what it writes before {(generationPrompt ? "" : "and with ")}message {message} (role \"assistant\") does not begin what it writes of the whole conversation: it writes earlier turns differently. "
                + $"Train on each turn by itself ({nameof(ReadEachTurn)}), or give a template with {{% generation %}} around the assistant's words.");
        }
    }

    /// <summary>How many ids lie before a character, where no id lies on both sides of it.</summary>
    private int Boundary(RenderedChat chat, ImmutableArray<int> tokens, int at, string what)
    {
        if (at == chat.Text.Length)
            return tokens.Length;
        ImmutableArray<int> before = TokensOf(chat, at, addSpecialTokens: true);
        if (tokens.AsSpan().StartsWith(before.AsSpan()))
            return before.Length;
        int same = tokens.AsSpan().CommonPrefixLength(before.AsSpan());
        _ = Tokenizer.TryGetToken(tokens[Math.Min(same, tokens.Length - 1)], out string? token);
        throw new ArgumentException($"At character {at}, at an end of {what}, the tokenizer joins the template's words and the assistant's in a token (\"{token}\"), so that no mask divides them. Change the spaces or line breaks at that end of the message.");
    }

    private RenderedChat Rendered(JsonArray messages, bool generationPrompt) =>
        Template.RenderMarked(Input(messages) with { AddGenerationPrompt = generationPrompt });

    private static JsonArray Part(JsonArray messages, int count) => [.. messages.Take(count).Select(message => message!.DeepClone())];

    private static bool IsAssistant(JsonArray messages, int i) => (string?)messages[i]!["role"] == "assistant";

    private static int LastOfRun(JsonArray messages, int i)
    {
        while (i + 1 < messages.Count && IsAssistant(messages, i + 1))
            i++;
        return i;
    }

    private static void Mark(bool[] mask, int from, int to) => mask.AsSpan(from, to - from).Fill(true);
}
