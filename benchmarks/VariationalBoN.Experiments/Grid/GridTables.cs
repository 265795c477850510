using System.Globalization;
using System.Text;
using MathNet.Numerics.Statistics;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The tables of the grid itself, every method at each N, in Markdown. Immutable.</summary>
internal sealed class GridTables(GridRecords records)
{
    private const double CeilingUpTo = 4;

    /// <summary>Held-out numbers of reference, literal Best-of-N and every method.</summary>
    public string Methods()
    {
        var table = new MarkdownTable(
            "method",
            "N",
            "reward",
            "win rate",
            "KL",
            "distance",
            "to the ceiling",
            "KL to Best-of-N",
            "outside ranks",
            "length",
            "distinct",
            "tokens per answer",
            "stopped"
        );
        foreach (
            GridPoint point in (IEnumerable<GridPoint>)
                [
                    records.Reference,
                    .. records.BestOfN,
                    .. records
                        .Points("grid")
                        .OrderBy(pair => Array.IndexOf(GridPlan.Methods, pair.Run.Method))
                        .ThenBy(pair => pair.Run.N)
                        .Select(pair => pair.Point),
                ]
        )
        {
            string n = point.N is double value
                ? value.ToString("0", CultureInfo.InvariantCulture)
                    + (point.Beta is SeedMean beta ? $", β {beta.Mean.ToString("0.00", CultureInfo.InvariantCulture)}" : "")
                : "";
            table.Add(
                MethodResult.MethodName(point.Method),
                n,
                point.Reward.Text("0.00"),
                point.WinRate.Text("0.000"),
                point.Kl.Text("0.00"),
                point.Method == Method.Reference ? "" : point.Distance.Text("0.000"),
                point.N <= CeilingUpTo ? point.CeilingDistance.Text("0.000") : "",
                point.Gap?.Text("0.00") ?? "",
                point.OutsideRanks?.Text("0.00") ?? "",
                point.Length.Mean.ToString("0.0", CultureInfo.InvariantCulture),
                point.Distinct.Mean.ToString("0.00", CultureInfo.InvariantCulture),
                point.Tokens.Mean.ToString("0", CultureInfo.InvariantCulture),
                point.Stopped > 0 ? $"{point.Stopped} of {point.Seeds}" : ""
            );
        }

        return table.ToString();
    }

    /// <summary>Which share of its points each method has on the Pareto front.</summary>
    public string Pareto()
    {
        RunRecord[] grid = [.. records.Of("grid")],
            paper = [.. grid.Where(record => GridPlan.PaperMethods.Contains(record.Run.Method))];
        var table = new MarkdownTable(
            "share of points on the Pareto front",
            "reward, paper's methods",
            "win rate, paper's methods",
            "reward, all",
            "win rate, all"
        );
        var columns = new[]
        {
            ParetoShares.Of(paper, r => r.Reward),
            ParetoShares.Of(paper, r => r.WinRate),
            ParetoShares.Of(grid, r => r.Reward),
            ParetoShares.Of(grid, r => r.WinRate),
        };
        foreach (Method method in GridPlan.Methods.Where(method => grid.Any(record => record.Run.Method == method)))
            table.Add([
                MethodResult.MethodName(method),
                .. columns.Select(column =>
                    column.TryGetValue(method, out var share)
                        ? string.Create(CultureInfo.InvariantCulture, $"{share.ByValue:0%} ({share.WithinErrors:0%})")
                        : ""
                ),
            ]);
        return table
            + "\nBy the values; in brackets up to 1.96 standard errors of the differences. Each seed has a front of its own; runs that "
            + "the guard stopped are left out.\n";
    }

    /// <summary>What a run costs: the median over the whole runs of the grid,
    /// which ran several at a time, so only their ratio means something.</summary>
    public string Time()
    {
        var table = new MarkdownTable(
            "method",
            "time of a run, that of the first method being 1",
            "processor time",
            "with the head shared",
            "completions drawn"
        );
        GridCosts? unit = records.Unit;
        var byMethod = records
            .Of("grid")
            .Where(record => record.Stopped is null)
            .GroupBy(record => record.Run.Method)
            .OrderBy(group => Array.IndexOf(GridPlan.Methods, group.Key))
            .ToArray();
        foreach (var runs in byMethod)
            table.Add(
                MethodResult.MethodName(runs.Key),
                (Median(runs) / Median(byMethod[0])).ToString("0.0", CultureInfo.InvariantCulture),
                GridCosts.Text(GridCosts.Of([.. runs])?.Alone(unit)),
                GridCosts.Text(GridCosts.Of([.. runs])?.Shared(unit, records.Sharing(runs.First().Run))),
                runs.Average(record => record.CompletionsDrawn).ToString("N0", CultureInfo.InvariantCulture)
            );
        return table
            + "\nTime: training and measuring, median over the whole runs of the grid. Processor time: drawing, scoring, gradients and "
            + "the value head, with that of vBoN being 1; empty where several runs went at a time (--threads 1 measures it). Shared: the "
            + "head counted once for all N that use it here.\n";

        static double Median(IEnumerable<RunRecord> runs) => runs.Select(record => record.Seconds).Median();
    }

    /// <summary>What the guard stopped, and why, of all studies.</summary>
    public string StoppedRuns()
    {
        var text = new StringBuilder();
        foreach (var record in records.All.Where(record => record.Stopped is not null))
            text.Append(
                CultureInfo.InvariantCulture,
                $"- {MethodResult.MethodName(record.Run.Method)}, N = "
                    + $"{record.Run.N}{(record.Run.Variation.Name.Length == 0 ? "" : ", " + record.Run.Variation.Name)}, seed "
                    + $"{record.Run.Seed} ({record.Run.Study}): {record.Stopped!.Split(". ")[0]}.\n"
            );
        return text.Length == 0 ? "None.\n" : text.ToString();
    }
}
