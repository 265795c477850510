using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.Chat;

/// <summary>
/// Settings of a <see cref="ChatTokenizer"/>: what the ids of a conversation depend on beside its messages.
/// All of them are part of a policy's identity.
/// </summary>
/// <remarks>As thread-safe as its JSON, which is copied when a <see cref="ChatTokenizer"/> is made of the options.</remarks>
public sealed record ChatTokenizerOptions
{
    /// <summary>Whether the text ends with what begins the assistant's answer.</summary>
    /// <value>Default true.</value>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>
    /// Whether a conversation whose last message is the assistant's ends with the content of that message, so that the model
    /// goes on with it (a prefill); blank content does not count. Other conversations end as <see cref="AddGenerationPrompt"/>
    /// says. While this is off, a conversation that ends with the assistant is refused where a generation prompt would follow.
    /// </summary>
    /// <value>Default false.</value>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>The tools that the template offers to the model, as JSON schemas.</summary>
    /// <value>Default null: the template sees <c>none</c>.</value>
    public JsonArray? Tools { get; init; }

    /// <summary>The documents that the template writes for the model, as JSON.</summary>
    /// <value>Default null: the template sees <c>none</c>.</value>
    public JsonArray? Documents { get; init; }

    /// <summary>Further variables, such as <c>enable_thinking</c>.</summary>
    /// <value>Default null: none.</value>
    public JsonObject? Variables { get; init; }

    /// <summary>The date that <c>strftime_now</c> writes; the clock is never read.</summary>
    /// <value>Default null: a template that asks for the date is refused.</value>
    public DateTime? Date { get; init; }

    /// <summary>Whether the tokenizer's BOS is added where the template writes none.</summary>
    /// <value>Default <see cref="BosRule.Once"/>.</value>
    public BosRule Bos { get; init; } = BosRule.Once;

    /// <summary>
    /// Whether special tokens that messages, tools, documents or variables spell are tokens, as in Python.
    /// Then a message that holds <c>&lt;|im_end|&gt;</c> ends its turn.
    /// </summary>
    /// <value>Default false: they are text.</value>
    public bool ContentSpellsSpecialTokens { get; init; }

    /// <summary>Whether messages, and parts of them, that the model would not read are left out as in Python, instead of refused.</summary>
    /// <value>Default false.</value>
    public bool AllowIgnored { get; init; }
}
