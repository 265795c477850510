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
        var trust = arguments.Second is null ? null : Trust(table, arguments);
        string name = Path.GetFileName(arguments.Rewards);
        string title = string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {report.Prompts} prompt{(report.Prompts == 1 ? "" : "s")}, "
                + $"{(report.MinM == report.MaxM ? $"{report.MinM}" : $"{report.MinM} to {report.MaxM}")} samples each"
        );
        byte[] curve = RewardPlots.BestOfN(report, title),
            rewards = RewardPlots.Rewards(table, arguments.N, title);
        byte[]? second = trust is null ? null : RewardPlots.Second(trust, title);
        cancellationToken.ThrowIfCancellationRequested();

        Directory.CreateDirectory(arguments.Output);
        File.WriteAllBytes(Path.Combine(arguments.Output, "best-of-n.png"), curve);
        File.WriteAllBytes(Path.Combine(arguments.Output, "rewards.png"), rewards);
        if (second is not null)
            File.WriteAllBytes(Path.Combine(arguments.Output, SecondPlot), second);
        File.WriteAllText(
            Path.Combine(arguments.Output, "report.md"),
            $"""
            # {title}

            {Reading.Replace("Lines with \"!\"", "Lines with \"Look here\"", StringComparison.Ordinal).TrimEnd()}

            {Provenance(table)}

            {report.ToMarkdown()}
            {(trust is null ? "" : $"{trust.ToMarkdown()}\n![Second reward of the best of n by the first]({SecondPlot})\n")}
            ![Expected reward of Best-of-n against n](best-of-n.png)

            ![Rewards of one draw and of the best of N](rewards.png)
            """
        );
        Print(report, title, output);
        if (trust is not null)
            Print(trust, output);
        output.WriteLine(
            $"Written to {arguments.Output}: report.md, best-of-n.png, rewards.png{(trust is null ? "" : $", {SecondPlot}")}. What each "
                + $"number means: \"Reading the report\" in the documentation of VariationalBoN."
        );
    }

    private const string SecondPlot = "second-reward.png";

    /// <summary>The first reward by the second: a component of the table, or another file of the same samples.</summary>
    private static RewardHackingReport Trust(ReferenceTable table, Arguments arguments)
    {
        string second = arguments.Second!;
        string[] components = [.. table.Prompts.SelectMany(prompt => prompt.Components.Keys).Distinct().Order(StringComparer.Ordinal)];
        if (!components.Contains(second))
        {
            if (!File.Exists(second))
                throw new ArgumentException(
                    $"--second is '{second}': there is no such file, and the rewards have "
                        + $"{(components.Length == 0 ? "no components" : $"the components {string.Join(", ", components)}")}."
                );
            using var other = ReferenceTable.Load(second);
            string name = Path.GetFileName(second);
            while (components.Contains(name))
                name += "'";
            (table, second) = (table.WithComponent(name, other), name);
        }

        return RewardHackingReport.FromTable(
            table,
            second,
            new RewardHackingOptions { N = arguments.N, Ensemble = [.. arguments.Ensemble] }
        );
    }

    private const string Reading = """
        Best-of-n: draw n answers to a prompt, keep the one with the highest reward. VariationalBoN trains a model whose single
        answer is as good. This says what that would bring, before any training. KL, in nats, is how far such a model is from the
        one that the samples came from: 0 is the same, 1 to 2 is usual. "3.0 ± 0.2" is a mean over prompts and its standard error.
        Lines with "!" should be looked at first.

        """;

    private static string Provenance(ReferenceTable table) =>
        table.Provenance is { } from
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Reference `{from.Origin.Reference}`, reward model `{from.Origin.RewardModel}`, scoring `{from.Origin.Scoring}`, seed "
                    + $"{from.Seed}."
            )
            : "The file does not say which reference and which reward model it comes from.";

    private static void Print(ReferenceReport report, string title, TextWriter output)
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 160;
        output.WriteLine($"\n{title}\n");
        output.WriteLine(Reading);
        Print(report.Findings, $"{report}", output);
    }

    private static void Print(RewardHackingReport trust, TextWriter output)
    {
        output.WriteLine($"How far to trust it, by \"{trust.SecondName}\"\n");
        Print(trust.Findings, $"{trust}", output);
    }

    /// <summary>Sentences in colour, then the tables of the report.</summary>
    private static void Print(IEnumerable<ReportFinding> findings, string report, TextWriter output)
    {
        foreach (var finding in findings)
            AnsiConsole.MarkupLine($"{(finding.IsWarning ? "[yellow]![/]" : "[green]-[/]")} {Markup.Escape(finding.Text)}");
        output.WriteLine();
        foreach (string line in report.Split('\n').SkipWhile(line => line.Length > 0).Skip(1))
            output.WriteLine(line);
        output.WriteLine();
    }
}
