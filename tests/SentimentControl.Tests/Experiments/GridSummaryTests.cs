using SentimentControl.Datasets;
using SentimentControl.Reporting;
using VariationalBoN;
using VariationalBoN.Experiments.Grid;

namespace SentimentControl.Tests.Experiments;

/// <summary>What is written of the runs of a quick grid, whose numbers are made up.</summary>
[Trait("Tier", "fast")]
public sealed class GridSummaryTests : IDisposable
{
    private static readonly int[] s_n = [2, 4];
    private static readonly string[] s_files =
    [
        "reward-kl-all.png",
        "reward-kl.png",
        "samples.png",
        "summary.json",
        "summary.md",
        "winrate-kl-all.png",
        "winrate-kl.png",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("summary-").FullName;
    private readonly Random _random = new(5);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Each_study_has_one_section_with_its_rows_and_each_method_a_row()
    {
        var sections = Write(GridPlan.Studies);

        Assert.Equal(
            ["Methods", "Pareto fronts", "Time", .. GridStudies.All.Select(study => study.Title), "Runs that were stopped"],
            sections.Select(section => section.Title)
        );
        foreach (Method method in GridPlan.Methods.Concat([Method.Reference, Method.BestOfN]))
            Assert.Contains($"\n| {MethodResult.MethodName(method)} |", sections[0].Text, StringComparison.Ordinal);
        Assert.All(
            sections[3..^1],
            section => Assert.True(section.Text.Split('\n').Count(line => line.StartsWith('|')) > 2, $"{section.Title} has no row.")
        );
        Assert.Equal(s_files, Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_study_that_was_not_made_has_no_section()
    {
        string[] made = ["longer", "heads"];

        Assert.Equal(
            GridStudies.All.Where(study => made.Contains(study.Name)).Select(study => study.Title),
            Write(made)[3..^1].Select(section => section.Title)
        );
        Assert.False(File.Exists(Path.Combine(_folder, "samples.png")));
    }

    [Fact]
    public void The_legend_of_guidance_says_what_the_dataset_does_by_default()
    {
        var settings = Settings();
        Assert.Contains("(48 by default)", Guidance(settings), StringComparison.Ordinal);
        settings = settings with
        {
            Guidance = new() { TopTokens = 256 },
            Head = settings.Head with { Epochs = 4 },
        };
        Assert.Contains("(256 by default)", Guidance(settings), StringComparison.Ordinal);
        Assert.Contains("(4 by default)", Guidance(settings), StringComparison.Ordinal);

        string Guidance(RunSettings with) => Write(["guidance"], with)[3].Text;
    }

    private static RunSettings Settings() => DatasetCatalog.Create("reviews").Settings(quick: true);

    /// <summary>Writes the summary of a quick grid with some studies; its sections by their headings.</summary>
    private (string Title, string Text)[] Write(string[] studies, RunSettings? settings = null)
    {
        settings ??= Settings();
        var arguments = new GridArguments
        {
            Dataset = "reviews",
            N = [.. s_n.Select(n => (double)n)],
            Seeds = [1],
            Methods = GridPlan.Methods,
            Studies = studies,
            Output = _folder,
            Device = "cpu",
            Threads = 1,
            Quick = true,
        };
        var plan = GridPlan.Of(s_n, arguments.Seeds, GridPlan.Methods, studies, quick: true);
        MethodResult[] literal = [Result(Method.Reference, null), .. s_n.Select(n => Result(Method.BestOfN, n))];
        new GridSummary(
            arguments,
            settings,
            whole: true,
            [.. plan.Select(run => Record(run, settings))],
            [literal],
            [new CeilingPoint(0, 0), new CeilingPoint(3, 4)]
        ).Write(_folder);
        return
        [
            .. File.ReadAllText(Path.Combine(_folder, "summary.md"))
                .ReplaceLineEndings("\n")
                .Split("\n## ")[1..]
                .Select(section => (section.Split('\n')[0], section)),
        ];
    }

    private RunRecord Record(GridRun run, RunSettings settings) =>
        new(run, Result(run.Method, run.N), _random.NextDouble(), _random.Next(1000, 90_000), null, $"{_random.Next()}", Curve(run))
        {
            ProcessorSeconds = 5 + _random.NextDouble(),
            HeadSeconds = run.NeedsHead ? 20 : null,
            Head = run.HeadOptions(settings.Head),
            Guidance = run.GuidanceOptions(settings.Guidance),
        };

    private CurvePoint[] Curve(GridRun run) =>
        run.Variation.Curve is true
            ? [.. Enumerable.Range(1, 5).Select(i => new CurvePoint(10 * i, 1280 * i, 6 * _random.NextDouble(), 0.8, 0.5 * i))]
            : [];

    private MethodResult Result(Method method, double? n)
    {
        return new()
        {
            Method = method,
            N = n,
            Beta = method == Method.KlConstrainedRl ? Between(0.5, 2) : null,
            Reward = Number(-1, 5),
            WinRate = Number(0.5, 0.98),
            EffectiveN = Number(1, 40),
            Kl = Number(0.1, 3.4),
            Length = Number(10, 20),
            DistinctShare = Number(0.5, 1),
            TokensGenerated = Number(10, 200),
            ObjectiveGap = method is Method.Reference or Method.BestOfN ? null : Number(0, 1),
            OutsideRanks = Number(0, 1),
        };

        Estimate Number(double low, double high) => new(Between(low, high), Between(0.01, 0.03), 64);
        double Between(double low, double high) => low + ((high - low) * _random.NextDouble());
    }
}
