namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// Writes the text of a conversation for a template that is a function: piece by piece, saying which pieces come from messages.
/// </summary>
/// <remarks>Valid during the rendering that it is given to; not thread-safe.</remarks>
public sealed class ChatWriter
{
    private readonly TextBuilder text;

    internal ChatWriter(Work work) => text = new TextBuilder(work);

    /// <summary>Writes text of the template itself: special tokens in it are tokens.</summary>
    /// <param name="value">The text.</param>
    /// <returns>This writer.</returns>
    public ChatWriter Write(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        text.Add(value);
        return this;
    }

    /// <summary>Writes text that comes from messages, tools, documents or variables: special tokens that it spells are text.</summary>
    /// <param name="value">The text; null writes nothing.</param>
    /// <param name="generated">Whether it is what an assistant wrote, as <c>{% generation %}</c> says of a part of a template.</param>
    /// <returns>This writer.</returns>
    public ChatWriter WriteData(string? value, bool generated = false)
    {
        text.Add(value ?? "", generated ? Marks.Data | Marks.Generation : Marks.Data);
        return this;
    }

    internal StringValue Build() => text.Build();
}
