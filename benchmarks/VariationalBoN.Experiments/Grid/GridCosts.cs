using System.Globalization;

namespace VariationalBoN.Experiments.Grid;

/// <summary>Mean processor seconds of runs: of training, and of the value head that they share with those of other N.</summary>
/// <param name="Training">Drawing, scoring and gradients.</param>
/// <param name="Head">Learning the head; 0 for none.</param>
internal sealed record GridCosts(double Training, double Head)
{
    /// <summary>The means over runs; null where one was not measured alone.</summary>
    public static GridCosts? Of(IReadOnlyList<RunRecord> records) =>
        records.Count == 0 || records.Any(record => record.ProcessorSeconds is null)
            ? null
            : new GridCosts(records.Average(record => record.ProcessorSeconds!.Value), records.Average(record => record.HeadSeconds ?? 0));

    /// <summary>How many values of N share the head of a run in these records, at least 1.</summary>
    /// <param name="records">All records of a grid; those of its own head count.</param>
    /// <param name="run">The run.</param>
    public static int Sharing(IEnumerable<RunRecord> records, GridRun run) =>
        !run.NeedsHead
            ? 1
            : Math.Max(
                1,
                records
                    .Where(record => record.Run.NeedsHead && record.Run.Variation.OfHead == run.Variation.OfHead)
                    .Select(record => record.Run.N)
                    .Distinct()
                    .Count()
            );

    /// <summary>As a multiple of another cost, the head counted whole.</summary>
    public double? Alone(GridCosts? unit) => Shared(unit, 1);

    /// <summary>As a multiple of another cost, the head counted once for so many values of N.</summary>
    public double? Shared(GridCosts? unit, int values) =>
        unit is { Training: > 0 } ? (Training + (Head / values)) / (unit.Training + (unit.Head / values)) : null;

    /// <summary>A multiple of a cost in a table, empty where there is none.</summary>
    public static string Text(double? multiple) => multiple?.ToString("0.00", CultureInfo.InvariantCulture) ?? "";
}
