using System.Text;

namespace VariationalBoN.Evaluation;

/// <summary>What the texts of reports are put together from. Stateless, thread-safe.</summary>
internal static class ReportText
{
    /// <summary>A line for each finding, behind the mark of its kind.</summary>
    public static void Findings(StringBuilder text, IEnumerable<ReportFinding> findings, string mark, string warningMark)
    {
        foreach (ReportFinding finding in findings)
            text.Append(finding.IsWarning ? warningMark : mark).Append(finding.Text).Append('\n');
    }

    /// <summary>A table in Markdown; the first row is its head.</summary>
    /// <param name="text">What it is added to.</param>
    /// <param name="rows">Rows of as many cells each.</param>
    /// <param name="alignment">Of each column: <c>---</c>, or <c>---:</c> for numbers.</param>
    public static void Table(StringBuilder text, string[][] rows, string alignment)
    {
        Row(rows[0]);
        Row(rows[0].Select(_ => alignment));
        foreach (string[] row in rows[1..])
            Row(row);

        void Row(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }

    /// <summary>A table in plain text, its columns aligned: names of two columns to the left, numbers to the right.</summary>
    public static void Aligned(StringBuilder text, string[][] rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
            text.Append(
                    string.Concat(
                            row.Select(
                                (cell, i) => rows[0].Length == 2 ? cell.PadRight(widths[i] + 2) : cell.PadLeft(widths[i] + (i == 0 ? 0 : 2))
                            )
                        )
                        .TrimEnd()
                )
                .Append('\n');
    }
}
