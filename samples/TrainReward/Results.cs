using System.Globalization;
using Spectre.Console;
using VariationalBoN.Evaluation;

namespace TrainReward;

/// <summary>The tables at the end, on the screen and as report.md. Stateless.</summary>
internal static class Results
{
    private const double LeastOfLabels = 0.98,
        LeastOfTruth = 0.95;

    public static void Write(
        Arguments arguments,
        JudgeReport labels,
        JudgeReport? truth,
        IReadOnlyList<AnswerWorth> answers,
        TextWriter output
    )
    {
        string[] header = truth is null ? ["held-out pairs", "labels"] : ["held-out pairs", "labels", "truth"];
        string[][] judge =
        [
            Row("accuracy of the judge", labels.Accuracy.ToString(), truth?.Accuracy.ToString()),
            Row("accuracy of \"the longer one\"", labels.LengthAccuracy.ToString(), truth?.LengthAccuracy.ToString()),
            .. truth is null
                ? (string[][])[]
                :
                [
                    Row("what could be reached", Shown(1 - arguments.Flipped), "1"),
                    Row(
                        "accuracy / what could be reached",
                        Shown(labels.Accuracy.Value / (1 - arguments.Flipped)),
                        Shown(truth.Accuracy.Value)
                    ),
                ],
            Row("pairs", Count(labels.Pairs), truth is null ? null : Count(truth.Pairs)),
        ];
        string[][] worth = [.. answers.Select(answer => Row(answer.Name, answer.Reward.ToString(), answer.Truth?.ToString()))];
        string[] worthHeader = truth is null
            ? ["answers to held-out prompts", "reward"]
            : ["answers to held-out prompts", "reward", "truth"];
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = 120;
        console.Write(ToTable(header, judge));
        console.Write(ToTable(worthHeader, worth));
        string bounds = truth is null ? "" : $"{Bounds(arguments, labels, truth)}\n\n";
        output.Write(bounds);
        File.WriteAllText(
            Path.Combine(arguments.Output, "report.md"),
            $"# The judge\n\n{Markdown(header, judge)}\n{Markdown(worthHeader, worth)}\n{bounds}## Against the "
                + $"labels\n\n```\n{labels}\n```\n"
        );
    }

    /// <summary>Whether the judge is as good as the project promises for the embedded set.</summary>
    private static string Bounds(Arguments arguments, JudgeReport labels, JudgeReport truth)
    {
        double part = labels.Accuracy.Value / (1 - arguments.Flipped);
        bool hold = part >= LeastOfLabels && truth.Accuracy.Value >= LeastOfTruth;
        string verdict =
            hold ? "hold"
            : arguments.Quick ? "do not hold, for which --quick is too short"
            : "do NOT hold";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Bounds: labels {part:0.000} of what could be reached, at least "
                + $"{LeastOfLabels}; truth {truth.Accuracy.Value:0.000}, at least {LeastOfTruth}: they {verdict}."
        );
    }

    private static string[] Row(string name, string value, string? truth) => truth is null ? [name, value] : [name, value, truth];

    private static Table ToTable(string[] header, string[][] rows)
    {
        var table = new Table().AddColumns(header);
        foreach (string[] row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        return table;
    }

    private static string Markdown(string[] header, string[][] rows) =>
        string.Concat(rows.Prepend([.. header.Select(_ => "---")]).Prepend(header).Select(row => $"| {string.Join(" | ", row)} |\n"));

    private static string Shown(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Count(int count) => count.ToString(CultureInfo.InvariantCulture);
}
