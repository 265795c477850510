using System.Text.Json.Nodes;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// What a chat template is rendered with. JSON keeps the order of its keys; <c>1.0</c> stays a float and integers have no limit of size.
/// </summary>
/// <remarks>
/// The JSON is read during rendering; do not change it meanwhile. Nodes that were parsed from text are not safe to read from several
/// threads at once: give each thread an input of its own.
/// </remarks>
public sealed record ChatTemplateInput
{
    /// <summary>The conversation: a list of messages, each with <c>role</c>, <c>content</c> and what else the template reads.</summary>
    public required JsonArray Messages { get; init; }

    /// <summary>The tools that the template offers to the model, as JSON schemas.</summary>
    /// <value>Default null: the template sees <c>none</c>.</value>
    public JsonArray? Tools { get; init; }

    /// <summary>The documents that the template writes for the model, as JSON.</summary>
    /// <value>Default null: the template sees <c>none</c>.</value>
    public JsonArray? Documents { get; init; }

    /// <summary>Whether the text ends with what begins the assistant's answer.</summary>
    /// <value>Default false.</value>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>Whether the text ends with the content of the last message, so that the model goes on with it (a prefill).</summary>
    /// <value>Default false. Excludes <see cref="AddGenerationPrompt"/>.</value>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Further variables, such as <c>enable_thinking</c>. Their text counts as data.</summary>
    /// <value>Default none.</value>
    public JsonObject? Variables { get; init; }

    /// <summary>Special tokens by name, such as <c>bos_token</c>. Their text does not count as data.</summary>
    /// <value>Default none. A name without a value is seen as <c>none</c>.</value>
    public IReadOnlyDictionary<string, string?> SpecialTokens { get; init; } = new Dictionary<string, string?>();

    /// <summary>The date and time that <c>strftime_now</c> writes; the clock is never read.</summary>
    /// <value>Default null: a template that asks for the date is refused.</value>
    public DateTime? Date { get; init; }
}
