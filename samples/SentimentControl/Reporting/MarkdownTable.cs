using System.Text;

namespace SentimentControl.Reporting;

/// <summary>A table in Markdown, the first column to the left, the others to the right.</summary>
internal sealed class MarkdownTable
{
    private readonly StringBuilder _text = new();

    public MarkdownTable(params IReadOnlyList<string> columns)
    {
        Add(columns);
        Add([.. columns.Select((_, i) => i == 0 ? "---" : "---:")]);
    }

    public void Add(params IReadOnlyList<string> cells) => _text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    public override string ToString() => _text.ToString();
}
