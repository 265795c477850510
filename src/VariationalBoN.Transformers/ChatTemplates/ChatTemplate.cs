namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// A model's own chat template: the program in Jinja that turns a conversation into the text that the model was trained on. It is
/// rendered as
/// <c>apply_chat_template</c> of transformers does.
/// </summary>
/// <remarks>
/// A template is data from a stranger: it sees the variables that are given and nothing else, and <see cref="ChatTemplateBounds"/> bound
/// what it
/// may use. Immutable and safe to use from many threads at once.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly Statement[] body;
    private readonly Scope scope;
    private readonly int size;

    private ChatTemplate(string source, string name, ChatTemplateBounds bounds, Statement[] body)
    {
        (Source, Name, Bounds, this.body) = (source, name, bounds, body);
        (scope, size) = Resolver.Resolve(body);
    }

    /// <summary>Name for messages: as given, or the path of the file.</summary>
    public string Name { get; }

    /// <summary>The template's text.</summary>
    public string Source { get; }

    /// <summary>What a rendering may use.</summary>
    public ChatTemplateBounds Bounds { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">The text of the template.</param>
    /// <param name="name">Name for messages; null for "(text)".</param>
    /// <param name="bounds">What a rendering may use; null for the defaults.</param>
    /// <exception cref="ChatTemplateException">The template has a fault of syntax, uses what the engine does not know, or is nested too
    /// deeply.</exception>
    /// <exception cref="ArgumentException">A bound is out of its range.</exception>
    public static ChatTemplate Parse(string source, string? name = null, ChatTemplateBounds? bounds = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        bounds = (bounds ?? new ChatTemplateBounds()).Validated();
        name ??= "(text)";
        try
        {
            if (source.Length > bounds.MaxSourceLength)
                throw Work.Exceeded(nameof(bounds.MaxSourceLength), $"a source of {source.Length} characters", bounds.MaxSourceLength);
            return new ChatTemplate(source, name, bounds, StatementParser.Parse(Lexer.Read(source, bounds.MaxDigits), bounds.MaxNesting));
        }
        catch (TemplateFault fault)
        {
            throw new ChatTemplateException(name, Math.Max(fault.Line, 1), fault.Message, null, null, null, fault);
        }
    }

    /// <summary>Reads the template of a model's directory, as it was downloaded or saved by <c>save_pretrained</c>.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">Name of one of several templates, such as "tool_use" or "rag"; null for the default.</param>
    /// <remarks>
    /// Looked for in this order, as transformers does: <c>chat_template.jinja</c> and <c>additional_chat_templates/NAME.jinja</c>;
    /// <c>chat_template.json</c>; <c>chat_template</c> of <c>tokenizer_config.json</c>, a text or a list of named ones.
    /// </remarks>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    /// <exception cref="InvalidDataException">There is no template, or none of that name; the message names the files that were looked
    /// at.</exception>
    /// <exception cref="ChatTemplateException">The template cannot be read.</exception>
    public static ChatTemplate Load(string directory, string? name = null)
    {
        (string source, string place) = TemplateFiles.Find(directory, name);
        return Parse(source, place);
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="input">The conversation and what else the template reads.</param>
    /// <returns>The text for the model. It holds the special tokens already: encode it without adding any.</returns>
    /// <exception cref="ChatTemplateException">
    /// The template raised an exception, used a value wrongly, asked for a date that was not given, or exceeded a bound.
    /// </exception>
    /// <exception cref="ArgumentException">The input is no JSON that a template can read, or asks for what excludes each other.</exception>
    public string Render(ChatTemplateInput input) => RenderMarked(input).Text;

    /// <summary>Renders a conversation and tells which characters come from it, and which ones generation blocks printed.</summary>
    /// <param name="input">The conversation and what else the template reads.</param>
    /// <returns>The text with its ranges; the same text as from <see cref="Render"/>.</returns>
    /// <exception cref="ChatTemplateException">
    /// The template raised an exception, used a value wrongly, asked for a date that was not given, or exceeded a bound.
    /// </exception>
    /// <exception cref="ArgumentException">The input is no JSON that a template can read, or asks for what excludes each other.</exception>
    public RenderedChat RenderMarked(ChatTemplateInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(input.Messages, nameof(input));
        if (input is { ContinueFinalMessage: true, AddGenerationPrompt: true })
        {
            throw new ArgumentException(
                $"{nameof(input.ContinueFinalMessage)} and {nameof(input.AddGenerationPrompt)} exclude each other: a prefill goes on with "
                + "the last message, a generation prompt begins a new one.",
                nameof(input));
        }
        var rendering = new Rendering(Bounds, input.Date, new Frame(null, size));
        try
        {
            rendering.Variables = new InputReader(Bounds).Read(input);
            StringValue text = rendering.Capture(whole =>
            {
                scope.Enter(whole);
                Statement.RunAll(body, whole);
            });
            return new RenderedChat(input.ContinueFinalMessage ? FinalMessage.Cut(text, input.Messages, rendering.Work) : text);
        }
        catch (TemplateFault fault)
        {
            MappingValue? message = rendering.Message;
            string text = fault.Kind == FaultKind.Raised ? $"raise_exception: {fault.Message}" : fault.Message;
            throw new ChatTemplateException(
                Name,
                Math.Max(rendering.Line, 1),
                text,
                fault.Kind == FaultKind.Raised ? fault.Message : null,
                message?.MessageIndex,
                (message?.Find("role") as StringValue)?.Text,
                fault);
        }
    }
}
