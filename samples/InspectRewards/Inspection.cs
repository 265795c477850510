using System.Globalization;
using Spectre.Console;
using VariationalBoN;
using VariationalBoN.Evaluation;

namespace InspectRewards;

/// <summary>Reads reference rewards, prints what they say, and writes the same with two plots. Stateless.</summary>
internal static class Inspection
{
    /// <summary>Runs everything; files appear only when all has been made.</summary>
    /// <exception cref="InvalidDataException">The file holds no reference rewards, or is damaged; the message names the line.</exception>
    /// <exception cref="ArgumentException">No prompt has two samples.</exception>
    public static void Run(Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        if (arguments.Rewards == CommandLine.Example)
            output.WriteLine("No file was named: this is the example that comes with the sample. See --help.");
        var table = ReferenceTable.Load(arguments.Rewards).WithTieTolerance(arguments.TieTolerance);
        cancellationToken.ThrowIfCancellationRequested();
        var report = ReferenceReport.FromTable(table, new ReferenceReportOptions { N = arguments.N });
        string name = Path.GetFileName(arguments.Rewards);
        string title = string.Create(CultureInfo.InvariantCulture, $"{name}: {report.Prompts} prompt{(report.Prompts == 1 ? "" : "s")}, {(report.MinM == report.MaxM ? $"{report.MinM}" : $"{report.MinM} to {report.MaxM}")} samples each");
        byte[] curve = RewardPlots.BestOfN(report, title), rewards = RewardPlots.Rewards(table, arguments.N, title);
        cancellationToken.ThrowIfCancellationRequested();

        Directory.CreateDirectory(arguments.Output);
        File.WriteAllBytes(Path.Combine(arguments.Output, "best-of-n.png"), curve);
        File.WriteAllBytes(Path.Combine(arguments.Output, "rewards.png"), rewards);
        File.WriteAllText(Path.Combine(arguments.Output, "report.md"), $"""
            # {title}

            {Reading.Replace("Lines with \"!\"", "Lines with \"Look here\"", StringComparison.Ordinal).TrimEnd()}

            {Provenance(table)}

            {report.ToMarkdown()}
            ![Expected reward of Best-of-n against n](best-of-n.png)

            ![Rewards of one draw and of the best of N](rewards.png)
            """);
        Print(report, title, output);
        output.WriteLine($"Written to {arguments.Output}: report.md, best-of-n.png, rewards.png. What each number means: \"Reading the report\" in the documentation of VariationalBoN.");
    }

    private const string Reading = """
        Best-of-n: draw n answers to a prompt, keep the one with the highest reward. VariationalBoN trains a model whose single answer is as good. This says what that would bring,
        before any training. KL, in nats, is how far such a model is from the one that the samples came from: 0 is the same, 1 to 2 is usual. "3.0 ± 0.2" is a mean over prompts
        and its standard error. Lines with "!" should be looked at first.

        """;

    private static string Provenance(ReferenceTable table) => table.Provenance is { } from
        ? string.Create(CultureInfo.InvariantCulture, $"Reference `{from.Origin.Reference}`, reward model `{from.Origin.RewardModel}`, scoring `{from.Origin.Scoring}`, seed {from.Seed}.")
        : "The file does not say which reference and which reward model it comes from.";

    private static void Print(ReferenceReport report, string title, TextWriter output)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 160;
        output.WriteLine($"\n{title}\n");
        output.WriteLine(Reading);
        foreach (var finding in report.Findings)
            AnsiConsole.MarkupLine($"{(finding.IsWarning ? "[yellow]![/]" : "[green]-[/]")} {Markup.Escape(finding.Text)}");
        output.WriteLine();
        string[] lines = report.ToString().Split('\n');
        foreach (string line in lines.SkipWhile(line => line.Length > 0).Skip(1))
            output.WriteLine(line);
        output.WriteLine();
    }
}
