using System.Collections.Immutable;
using System.Text.Json.Nodes;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Transformers.Chat;

public sealed partial class ChatTokenizer
{
    /// <summary>Reads a conversation of training data: its ids, and which of them the assistant wrote.</summary>
    /// <remarks>
    /// Where the template has <c>{% generation %}</c> blocks, what they print is the assistant's. Otherwise a turn begins
    /// where the conversation before it ends together with its generation prompt, and ends with <see cref="EndOfTurn"/>, or
    /// with the conversation up to it: the text of the whole conversation must begin with both. It does not where a template
    /// writes an answer differently when later messages follow (some leave out earlier thinking). Such a conversation is
    /// refused; <see cref="ReadEachTurn"/> reads its turns one by one. <see cref="ChatTokenizerOptions.AddGenerationPrompt"/>
    /// and <see cref="ChatTokenizerOptions.ContinueFinalMessage"/> do not count here.
    /// </remarks>
    /// <param name="conversation">A conversation with at least one message of the assistant.</param>
    /// <returns>Ids and mask.</returns>
    /// <exception cref="ArgumentException">
    /// It is a text, or has no message of the assistant; or the template writes a turn differently once others follow, or a token
    /// joins the template's words and the assistant's; the exception names the message. Also where <see cref="Read"/> throws.
    /// </exception>
    /// <exception cref="ChatTemplateException">The template refuses the conversation or a beginning of it.</exception>
    public ChatTurns ReadTurns(Prompt conversation) => Turns(conversation, Parsed(conversation), lastAlone: false);

    /// <summary>Reads each turn of the assistant by itself, after all that comes
    /// before it: for templates that write earlier turns differently.</summary>
    /// <inheritdoc cref="ReadTurns"/>
    /// <param name="conversation">A conversation with at least one message of the assistant.</param>
    /// <returns>For each message of the assistant the conversation up to it, with that turn alone in the mask.</returns>
    public IReadOnlyList<ChatTurns> ReadEachTurn(Prompt conversation)
    {
        JsonArray messages = Parsed(conversation);
        return
        [
            .. Enumerable
                .Range(0, messages.Count)
                .Where(i => IsAssistant(messages, i))
                .Select(i => Part(messages, i + 1))
                .Select(part => Turns(Prompt.Conversation(part.ToJsonString()), part, lastAlone: true)),
        ];
    }

    private static JsonArray Parsed(Prompt conversation)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        if (!conversation.IsConversation)
            throw new ArgumentException(
                $"The prompt {Internal.Shown.Quoted(conversation.Text)} is a text, which has no turns; give a conversation.",
                nameof(conversation)
            );
        JsonArray messages = JsonNode.Parse(conversation.Canonical)!.AsArray();
        return Enumerable.Range(0, messages.Count).Any(i => IsAssistant(messages, i))
            ? messages
            : throw new ArgumentException(
                "The conversation has no message of the assistant, so that there is nothing to learn from it; leave it out.",
                nameof(conversation)
            );
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
            int from = lastAlone ? LastBeginning(chat, messages) : 0;
            foreach (CharacterRange range in chat.GenerationRanges.Where(range => range.Start >= from))
                Mark(
                    mask,
                    Boundary(chat, tokens, range.Start, "an assistant's words"),
                    Boundary(chat, tokens, range.End, "an assistant's words")
                );
        }
        else
        {
            for (int i = 0; i < messages.Count; i++)
            {
                if (
                    IsAssistant(messages, i)
                    && !(i > 0 && IsAssistant(messages, i - 1))
                    && (!lastAlone || LastOfRun(messages, i) == messages.Count - 1)
                )
                    MarkTurn(chat, tokens, mask, messages, i);
            }
        }

        if (!mask.Contains(true))
            throw new ArgumentException(
                $"No token of the conversation is the assistant's: the template {Template.Name} leaves its messages out.",
                nameof(conversation)
            );
        return new ChatTurns(conversation, chat.Text, tokens, [.. mask], (before, behind) => DecoderAfter(before)(behind));
    }

    /// <summary>Where the last turn begins: behind the conversation before it with its generation prompt,
    /// or else at the last thing that is the assistant's.</summary>
    private int LastBeginning(RenderedChat chat, JsonArray messages)
    {
        int first = messages.Count - 1;
        while (first > 0 && IsAssistant(messages, first - 1))
            first--;
        string before = Rendered(Part(messages, first), generationPrompt: true).Text;
        return chat.Text.StartsWith(before, StringComparison.Ordinal) ? before.Length : chat.GenerationRanges[^1].Start;
    }

    /// <summary>Marks the turn that begins with a message, behind the conversation before it with its generation prompt.</summary>
    private void MarkTurn(RenderedChat chat, ImmutableArray<int> tokens, bool[] mask, JsonArray messages, int message)
    {
        string before = Rendered(Part(messages, message), generationPrompt: true).Text,
            what = $"message {message}";
        if (!chat.Text.StartsWith(before, StringComparison.Ordinal))
            throw Differs(message, "its rendering of the earlier messages, generation prompt included, is not what it writes before");
        int from = Boundary(chat, tokens, before.Length, what),
            last = LastOfRun(messages, message);
        string with = last + 1 == messages.Count ? chat.Text : Rendered(Part(messages, last + 1), generationPrompt: false).Text;
        int common = chat.Text.AsSpan().CommonPrefixLength(with); // some templates end a conversation with a token more
        int whole =
            common == chat.Text.Length
                ? tokens.Length
                : tokens.AsSpan().CommonPrefixLength(TokensOf(chat, common, addSpecialTokens: true).AsSpan());
        int ends = EndOfTurn is int end && whole > from ? tokens.AsSpan(from, whole - from).LastIndexOf(end) : -1;
        if (ends >= 0)
            Mark(mask, from, from + ends + 1); // without what follows it, such as a line break, which is never drawn
        else if (common == with.Length)
            Mark(mask, from, Boundary(chat, tokens, common, what));
        else
            throw Differs(message, "when later messages follow, it changes its rendering of");
    }

    private ArgumentException Differs(int message, string why) =>
        new(
            $"The chat template {Template.Name} has no generation block, and {why} message {message} (role \"assistant\"), so that the "
                + $"tokens of the turn cannot be found. "
                + $"Train on each turn by itself ({nameof(ReadEachTurn)}), or give a template with {{% generation %}} around the "
                + $"assistant's words."
        );

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
        throw new ArgumentException(
            $"At character {at}, at an end of {what}, the tokenizer joins text of the template and text of the assistant in one token "
                + $"(\"{token}\"), so that no mask can separate them. Change the spaces or line breaks at that end of the message."
        );
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
