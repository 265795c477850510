using System.Text;

namespace AlignHuggingFace.Prompts;

/// <summary>A text file, a prompt a line. Stateless.</summary>
internal static class TextPrompts
{
    /// <summary>The prompts, blank lines without one.</summary>
    public static IEnumerable<PromptEntry> Read(string path) =>
        Utf8File
            .Lines(Utf8File.Read(path))
            .Select(entry =>
            {
                string place = FormattableString.Invariant($"line {entry.Number}");
                return new PromptEntry(PromptColumn.ToPrompt($"{path}, {place}", "", Encoding.UTF8.GetString(entry.Line.Span)), place);
            });
}
