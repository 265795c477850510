using System.Security.Cryptography;
using System.Text;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// A model's chat template: the Jinja program, or a function of your own, that turns a conversation into the text that the model was
/// trained on. It is rendered as transformers' <c>apply_chat_template</c> does.
/// </summary>
/// <remarks>
/// A template may come from an untrusted source: it sees the variables that are given and nothing else, and
/// <see cref="ChatTemplateBounds"/> bound what it may use. Immutable and safe to use from many threads at once, as long as a function is.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly TemplateBody body;
    private readonly Lazy<ChatTemplate>? forTools;

    private ChatTemplate(string source, string name, ChatTemplateBounds bounds, TemplateBody body)
    {
        (Source, Name, Bounds, this.body) = (source, name, bounds, body);
        Digest = DigestOf(source);
    }

    private ChatTemplate(ChatTemplate template, string toolSource, string toolName)
    {
        (Source, Name, Bounds, body) = (template.Source, template.Name, template.Bounds, template.body);
        Digest = DigestOf(template.Digest + DigestOf(toolSource));
        forTools = new Lazy<ChatTemplate>(() => Parse(toolSource, toolName, template.Bounds));
    }

    /// <summary>Name for messages: as given, or the path of the file.</summary>
    public string Name { get; }

    /// <summary>The template's text; for a function, the identity that the caller gave.</summary>
    public string Source { get; }

    /// <summary>
    /// The SHA-256 of <see cref="Source"/> in lower-case hexadecimal digits; where there is a second template for tools,
    /// the SHA-256 of both digests. It is part of the identity of a policy, since another template makes another text.
    /// </summary>
    public string Digest { get; }

    /// <summary>Limits on the work and memory of a rendering.</summary>
    public ChatTemplateBounds Bounds { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">The text of the template.</param>
    /// <param name="name">Name for messages; null for "(text)".</param>
    /// <param name="bounds">What a rendering may use; null for the defaults.</param>
    /// <returns>The template.</returns>
    /// <exception cref="ChatTemplateException">The template has a fault of syntax,
    /// uses what the engine does not know, or is nested too deeply.</exception>
    /// <exception cref="ArgumentException">A bound is out of its range.</exception>
    public static ChatTemplate Parse(string source, string? name = null, ChatTemplateBounds? bounds = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        bounds = (bounds ?? new ChatTemplateBounds()).Validated();
        name ??= "(text)";
        try
        {
            return new ChatTemplate(source, name, bounds, new JinjaBody(source, bounds));
        }
        catch (TemplateFault fault)
        {
            throw new ChatTemplateException(name, Math.Max(fault.Line, 1), fault.Message, null, null, null, fault);
        }
    }

    /// <summary>Reads a template from a file of its own.</summary>
    /// <param name="path">The file, in UTF-8.</param>
    /// <param name="bounds">What a rendering may use; null for the defaults.</param>
    /// <returns>The template.</returns>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not UTF-8.</exception>
    /// <exception cref="ChatTemplateException">The template cannot be read.</exception>
    /// <exception cref="ArgumentException">A bound is out of its range.</exception>
    public static ChatTemplate FromFile(string path, ChatTemplateBounds? bounds = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(TemplateFiles.ReadText(path), path, bounds);
    }

    /// <summary>A template that is a function.</summary>
    /// <param name="identity">Identifies the function, such as "my-template 2": change it whenever the function changes.</param>
    /// <param name="write">Writes a conversation; it must be thread-safe and depend on its input alone.</param>
    /// <param name="bounds">What a rendering may use, of which text alone counts here; null for the defaults.</param>
    /// <returns>The template.</returns>
    /// <exception cref="ArgumentException">The identity is blank, or a bound is out of its range.</exception>
    public static ChatTemplate FromFunction(string identity, Action<ChatTemplateInput, ChatWriter> write, ChatTemplateBounds? bounds = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(identity);
        ArgumentNullException.ThrowIfNull(write);
        return new ChatTemplate(identity, identity, (bounds ?? new ChatTemplateBounds()).Validated(), new FunctionBody(write));
    }

    /// <summary>Reads the template of a model's directory, as it was downloaded or saved by <c>save_pretrained</c>.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="name">
    /// Name of one of several templates, such as "tool_use" or "rag"; null for the default, and for "tool_use" wherever tools are given and
    /// there is a template of that name, as transformers chooses.
    /// </param>
    /// <returns>The template.</returns>
    /// <remarks>
    /// Looked for in this order, as transformers does: <c>chat_template.jinja</c> and <c>additional_chat_templates/NAME.jinja</c>;
    /// <c>chat_template.json</c>; <c>chat_template</c> of <c>tokenizer_config.json</c>, a text or a list of named ones.
    /// </remarks>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    /// <exception cref="InvalidDataException">There is no template, or none of that name;
    /// the message names the files that were looked at.</exception>
    /// <exception cref="ChatTemplateException">The template cannot be read.</exception>
    public static ChatTemplate Load(string directory, string? name = null) => TemplateFiles.In(directory).Choose(name);

    /// <summary>Renders a conversation.</summary>
    /// <param name="input">The conversation and what else the template reads.</param>
    /// <returns>The text for the model. It holds the special tokens already: encode it without adding any.</returns>
    /// <exception cref="ChatTemplateException">
    /// The template raised an exception, used a value wrongly, asked for a date that was not given, or exceeded a bound.
    /// </exception>
    /// <exception cref="ArgumentException">The input is no JSON that a template can read, or asks for what excludes each other.</exception>
    public string Render(ChatTemplateInput input) => RenderMarked(input).Text;

    /// <summary>Renders a conversation and says which characters come from it, and which ones generation blocks printed.</summary>
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
        if (forTools is not null && input.Tools is not null)
            return forTools.Value.RenderMarked(input);
        if (input is { ContinueFinalMessage: true, AddGenerationPrompt: true })
        {
            throw new ArgumentException(
                $"{nameof(input.ContinueFinalMessage)} and {nameof(input.AddGenerationPrompt)} exclude each other: a prefill goes on with "
                    + "the last message, a generation prompt begins a new one.",
                nameof(input)
            );
        }
        var rendering = new Rendering(Bounds, input.Date, new Frame(null, body.Size));
        try
        {
            StringValue text = body.Run(input, rendering);
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
                fault
            );
        }
    }

    /// <summary>This template, and another one wherever tools are given; that one is read when it is first used.</summary>
    internal ChatTemplate WithToolUse(string source, string name) => new(this, source, name);

    private static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
