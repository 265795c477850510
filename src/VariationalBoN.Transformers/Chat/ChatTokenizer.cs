using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.ChatTemplates;

namespace VariationalBoN.Transformers.Chat;

/// <summary>
/// Turns conversations into token ids with the chat template and the tokenizer of one model: the tokenizer of a policy for chat models.
/// </summary>
/// <remarks>
/// A conversation is rendered by the template and tokenised as a whole. Special tokens that its content spells are text, the tokenizer's
/// BOS stands there once, and what the model would not read is refused; <see cref="ChatTokenizerOptions"/> can ask for what Python does.
/// Prompts that are texts are tokenised as by the tokenizer alone. Immutable; thread-safe.
/// </remarks>
public sealed partial class ChatTokenizer : ITokenizer
{
    private static readonly string[] s_roles =
    [
        "system",
        "developer",
        "user",
        "assistant",
        "tool",
        "function",
        "ipython",
        "observation",
        "tool_response",
        "model",
    ];

    private readonly string? _tools;
    private readonly string? _documents;
    private readonly string? _variables;
    private readonly Dictionary<string, string?> _specialTokens;
    private readonly IgnoredContent _ignored;
    private readonly Lazy<int?> _endOfTurn;
    private readonly Lazy<ImmutableArray<int>> _written;

    /// <summary>Creates a tokenizer of conversations from a template and a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="template">The chat template.</param>
    /// <param name="options">What else the text depends on; null for the defaults.</param>
    public ChatTokenizer(HuggingFaceTokenizer tokenizer, ChatTemplate template, ChatTokenizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(template);
        (Tokenizer, Template, Options) = (tokenizer, template, options ?? new ChatTokenizerOptions());
        (_tools, _documents, _variables) = (KeptJson.Of(Options.Tools), KeptJson.Of(Options.Documents), KeptJson.Of(Options.Variables));
        _specialTokens = tokenizer.SpecialTokens.ToDictionary(pair => pair.Key, pair => (string?)pair.Value, StringComparer.Ordinal);
        _ignored = new IgnoredContent(template.Name, messages => Render(messages).Text);
        _endOfTurn = new Lazy<int?>(FindEndOfTurn);
        _written = new Lazy<ImmutableArray<int>>(FindWritten);
        Identity = new ModelIdentity(
            nameof(ChatTokenizer),
            ("tokenizer", tokenizer.Identity),
            (
                "special tokens, sha256",
                Digest(_specialTokens.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"))
            ),
            ("added tokens, sha256", Digest(tokenizer.AddedTokens.Select(pair => $"{pair.Key}={pair.Value}"))),
            ("template, sha256", template.Digest),
            ("generation prompt", Options.AddGenerationPrompt ? "on" : "off"),
            ("prefill", Options.ContinueFinalMessage ? "on" : "off"),
            ("tools", KeptJson.Shown(_tools)),
            ("documents", KeptJson.Shown(_documents)),
            ("variables", KeptJson.Shown(_variables)),
            ("date", Options.Date is DateTime date ? date.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) : "none"),
            ("bos", Options.Bos == BosRule.Once ? "once" : "as the template"),
            ("special tokens in content", Options.ContentSpellsSpecialTokens ? "tokens" : "text")
        );
    }

    /// <summary>The tokenizer.</summary>
    public HuggingFaceTokenizer Tokenizer { get; }

    /// <summary>The chat template.</summary>
    public ChatTemplate Template { get; }

    /// <summary>What else the text depends on.</summary>
    public ChatTokenizerOptions Options { get; }

    /// <summary>
    /// The special token with which the template ends the assistant's turn, for <c>GenerationOptions.StopTokens</c>; null where
    /// it ends the turn without a token for which the model has a logit, or refuses a conversation of a question and an answer.
    /// </summary>
    public int? EndOfTurn => _endOfTurn.Value;

    /// <inheritdoc/>
    /// <remarks>The tokenizer, the digest of the template, and every option that changes an id.</remarks>
    public ModelIdentity Identity { get; }

    /// <inheritdoc/>
    public int VocabularySize => Tokenizer.VocabularySize;

    /// <summary>True: the template writes conversations.</summary>
    public bool ReadsConversations => true;

    /// <inheritdoc/>
    public ImmutableArray<int> Encode(string text) => Tokenizer.Encode(text);

    /// <inheritdoc/>
    public ImmutableArray<int> Encode(string text, bool addSpecialTokens) => Tokenizer.Encode(text, addSpecialTokens);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">See <see cref="Read"/>.</exception>
    /// <exception cref="ChatTemplateException">See <see cref="Read"/>.</exception>
    public ImmutableArray<int> Encode(Prompt prompt, bool addSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return prompt.IsConversation ? ReadAs(prompt, addSpecialTokens).Tokens : Tokenizer.Encode(prompt.Text, addSpecialTokens);
    }

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> tokens) => Tokenizer.Decode(tokens);

    /// <inheritdoc/>
    public Func<IReadOnlyList<int>, string> DecoderAfter(IReadOnlyList<int> prompt) => ((ITokenizer)Tokenizer).DecoderAfter(prompt);

    /// <summary>What the model will read of a prompt: text, ids, and which of them are special.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <returns>The prompt as it is read.</returns>
    /// <exception cref="ArgumentException">
    /// The conversation holds images or other media, a message or a kind of part that the template leaves out
    /// (<see cref="ChatTokenizerOptions.AllowIgnored"/>), or no content that can be continued; or it ends with the assistant and
    /// <see cref="ChatTokenizerOptions.ContinueFinalMessage"/> is off.
    /// </exception>
    /// <exception cref="ChatTemplateException">
    /// The template refuses the conversation, asks for a date that was not given, or exceeds a bound.
    /// </exception>
    public ChatPrompt Read(Prompt prompt) => ReadAs(prompt, addSpecialTokens: true);

    private ChatPrompt ReadAs(Prompt prompt, bool addSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (!prompt.IsConversation)
            return new ChatPrompt(prompt.Text, Tokenizer.Encode(prompt.Text), Tokenizer);
        var messages = JsonNode.Parse(prompt.Canonical)!.AsArray();
        if (!Options.AllowIgnored)
        {
            _ignored.Refuse(messages);
            RefuseAnswered(messages);
        }

        RenderedChat chat = Render(messages);
        return new ChatPrompt(chat.Text, TokensOf(chat, chat.Text.Length, addSpecialTokens), Tokenizer);
    }

    /// <summary>The ids of the first characters of a rendered conversation.</summary>
    private ImmutableArray<int> TokensOf(RenderedChat chat, int end, bool addSpecialTokens)
    {
        string text = chat.Text[..end];
        ImmutableArray<int> tokens = Options.ContentSpellsSpecialTokens
            ? Tokenizer.Encode(text, addSpecialTokens: false)
            : Tokenizer.Encode(
                text,
                SpelledRanges(chat).Where(range => range.Start < end).Select(range => (range.Start, Math.Min(range.End, end))),
                _written.Value
            );
        return addSpecialTokens && Options.Bos == BosRule.Once && !BeginsWithBefore(chat, tokens)
            ? [.. Tokenizer.Before, .. tokens]
            : tokens;
    }

    /// <summary>
    /// Where a special token is text: what comes from the conversation, but for the names of roles that chat models know. Some templates
    /// write a token around the role, such as <c>&lt;|user|&gt;</c>, and no such name spells one by itself.
    /// </summary>
    internal static IEnumerable<(int Start, int End)> SpelledRanges(RenderedChat chat) =>
        chat
            .DataRanges.Where(range => !s_roles.Contains(chat.Text.Substring(range.Start, range.Length)))
            .Select(range => (range.Start, range.End));

    /// <summary>Whether the template itself writes what the tokenizer puts before a text:
    /// at the start, or anywhere before what comes from the conversation.</summary>
    private bool BeginsWithBefore(RenderedChat chat, ImmutableArray<int> tokens)
    {
        ReadOnlySpan<int> before = Tokenizer.Before.AsSpan();
        if (tokens.AsSpan().StartsWith(before))
            return true;
        string start = chat.DataRanges.Count == 0 ? chat.Text : chat.Text[..chat.DataRanges[0].Start];
        return Tokenizer.Encode(start, addSpecialTokens: false).AsSpan().IndexOf(before) >= 0;
    }

    private RenderedChat Render(JsonArray messages)
    {
        bool continues = Options.ContinueFinalMessage && EndsWithAssistant(messages);
        if (continues && IsBlank(messages[^1]!.AsObject()))
        {
            messages = [.. messages.Take(messages.Count - 1).Select(message => message!.DeepClone())];
            return Template.RenderMarked(Input(messages) with { AddGenerationPrompt = true });
        }

        return Template.RenderMarked(
            Input(messages) with
            {
                AddGenerationPrompt = Options.AddGenerationPrompt && !continues,
                ContinueFinalMessage = continues,
            }
        );
    }

    /// <summary>An answer behind the assistant's own words would be judged as their continuation, but drawn as a turn of its own.</summary>
    private void RefuseAnswered(JsonArray messages)
    {
        if (Options.AddGenerationPrompt && !Options.ContinueFinalMessage && EndsWithAssistant(messages))
        {
            throw new ArgumentException(
                $"The conversation ends with the assistant: set {nameof(ChatTokenizerOptions.ContinueFinalMessage)}, "
                    + $"or drop the message. {nameof(ChatTokenizerOptions.AllowIgnored)} lets the model answer with another turn, as in "
                    + $"Python."
            );
        }
    }

    private static bool EndsWithAssistant(JsonArray messages) => (string?)messages[^1]!["role"] == "assistant";

    /// <summary>Whether a prefill has no words to go on with, so that the answer begins at the beginning.</summary>
    private static bool IsBlank(JsonObject message) =>
        !message.ContainsKey("tool_calls")
        && message["content"] is JsonValue content
        && content.TryGetValue(out string? text)
        && string.IsNullOrWhiteSpace(text);

    private ChatTemplateInput Input(JsonArray messages) =>
        new()
        {
            Messages = messages,
            Tools = _tools is null ? null : JsonNode.Parse(_tools)!.AsArray(),
            Documents = _documents is null ? null : JsonNode.Parse(_documents)!.AsArray(),
            Variables = _variables is null ? null : JsonNode.Parse(_variables)!.AsObject(),
            SpecialTokens = _specialTokens,
            Date = Options.Date,
        };

    private static string Digest(IEnumerable<string> lines) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))))[..16];
}
