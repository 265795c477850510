using System.Globalization;
using System.Text;

namespace VariationalBoN.Testing.Checks;

/// <summary>A check report as plain text and as Markdown. Stateless, thread-safe.</summary>
internal static class CheckReportText
{
    public static string Plain(CheckReport report)
    {
        int width = report.Results.Max(result => result.Name.Length);
        var text = new StringBuilder();
        text.Append(Summary(report)).Append('\n');
        foreach (CheckResult result in report.Results)
        {
            text.Append(Mark(result.Status))
                .Append(' ')
                .Append(result.Name.PadRight(width))
                .Append("  ")
                .Append(Numbers(result))
                .Append(result.Detail)
                .Append('\n');
            foreach (string cause in result.LikelyCauses)
                text.Append("       likely cause: ").Append(cause).Append('\n');
        }

        return text.ToString().TrimEnd('\n');
    }

    public static string Markdown(CheckReport report)
    {
        var text = new StringBuilder();
        text.Append(Cell(Summary(report)))
            .Append("\n\n| check | result | measured | at most | what |\n| --- | --- | ---: | ---: | --- |\n");
        foreach (CheckResult result in report.Results)
        {
            string causes = string.Concat(result.LikelyCauses.Select(cause => $" **Likely cause:** {cause}."));
            string[] cells =
            [
                result.Name,
                result.Status.ToString().ToLowerInvariant(),
                Number(result.Measured),
                Number(result.Threshold),
                result.Detail + causes,
            ];
            text.Append("| ").AppendJoin(" | ", cells.Select(Cell)).Append(" |\n");
        }

        return text.ToString();
    }

    private static string Summary(CheckReport report)
    {
        int Count(CheckStatus status) => report.Results.Count(result => result.Status == status);
        return $"{(report.Passed ? "Passed" : "FAILED")}: {report.Subject}: {Count(CheckStatus.Passed)} passed, "
            + $"{Count(CheckStatus.Failed)} failed, {Count(CheckStatus.Skipped)} skipped";
    }

    private static string Mark(CheckStatus status) =>
        status switch
        {
            CheckStatus.Passed => "[ok]  ",
            CheckStatus.Failed => "[FAIL]",
            _ => "[skip]",
        };

    private static string Numbers(CheckResult result) =>
        result.Measured is null ? "" : $"{Number(result.Measured)} (at most {Number(result.Threshold)}): ";

    private static string Number(double? value) => value?.ToString("G3", CultureInfo.InvariantCulture) ?? "";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
