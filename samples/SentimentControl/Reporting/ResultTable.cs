using System.Globalization;
using System.Text;
using Spectre.Console;
using VariationalBoN;

namespace SentimentControl.Reporting;

/// <summary>The table of all methods, for the console and as Markdown. Stateless.</summary>
internal static class ResultTable
{
    private static readonly string[] Columns =
    [
        "method",
        "N or β",
        "reward",
        "win rate",
        "effective N",
        "KL",
        "distance",
        "length",
        "distinct",
        "tokens/answer",
    ];

    public static Table ForConsole(IEnumerable<MethodResult> results)
    {
        var table = new Table().Border(TableBorder.Rounded);
        foreach (string column in Columns)
            table.AddColumn(new TableColumn(column) { Alignment = column == Columns[0] ? Justify.Left : Justify.Right, NoWrap = true });
        foreach (var result in results)
            table.AddRow([.. Cells(result).Select(Markup.Escape)]);
        return table;
    }

    public static string Markdown(IEnumerable<MethodResult> results)
    {
        var table = new MarkdownTable(Columns);
        foreach (var result in results)
            table.Add(Cells(result));
        return table.ToString();
    }

    private static string[] Cells(MethodResult result) =>
        [
            result.Name,
            result.Dial,
            Text(result.Reward, "0.00"),
            Text(result.WinRate, "0.000"),
            Text(result.EffectiveN, "0.0"),
            Text(result.Kl, "0.00"),
            result.Method == Method.Reference || result.Distance is not Estimate distance ? "" : Text(distance, "0.000"),
            Text(result.Length, "0.0"),
            Text(result.DistinctShare, "0.00"),
            Text(result.TokensGenerated, "0"),
        ];

    private static string Text(Estimate estimate, string format) =>
        $"{estimate.Value.ToString(format, CultureInfo.InvariantCulture)} ± "
        + $"{estimate.StandardError.ToString(format, CultureInfo.InvariantCulture)}";
}

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
