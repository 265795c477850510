namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A chat template could not be read or rendered. The message names the template, the line and the fault.</summary>
public sealed class ChatTemplateException : FormatException
{
    internal ChatTemplateException(
        string template,
        int line,
        string fault,
        string? raised,
        int? messageIndex,
        string? messageRole,
        Exception? cause
    )
        : base(Describe(template, line, fault, messageIndex, messageRole), cause)
    {
        TemplateName = template;
        Line = line;
        RaisedMessage = raised;
        MessageIndex = messageIndex;
        MessageRole = messageRole;
    }

    /// <summary>Name of the template as it was given to <see cref="ChatTemplate.Parse"/>, or the path of its file.</summary>
    public string TemplateName { get; }

    /// <summary>Line of the template, from 1.</summary>
    public int Line { get; }

    /// <summary>What the template said with <c>raise_exception</c>; null for any other fault.</summary>
    public string? RaisedMessage { get; }

    /// <summary>Number, from 0, of the message that was being rendered; null where no loop over the messages was running.</summary>
    public int? MessageIndex { get; }

    /// <summary>Role of the message at <see cref="MessageIndex"/>; null where it has none.</summary>
    public string? MessageRole { get; }

    private static string Describe(string template, int line, string fault, int? messageIndex, string? messageRole)
    {
        string at = messageIndex is int index
            ? $", while message {index}{(messageRole is null ? "" : $" (role '{messageRole}')")} was rendered"
            : "";
        return $"Chat template {template}, line {line}: {fault}{at}.";
    }
}
