using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The finished runs of a grid and what they are held against, each setting over its seeds. Immutable.</summary>
internal sealed class GridRecords
{
    private readonly IReadOnlyList<long> _seeds;
    private readonly MethodResult[][] _literal;

    /// <param name="arguments">What was asked: N and seeds.</param>
    /// <param name="records">The runs.</param>
    /// <param name="literal">Of each seed, in the order of the arguments, the reference and literal Best-of-N at each N.</param>
    public GridRecords(GridArguments arguments, RunRecord[] records, MethodResult[][] literal)
    {
        (All, _seeds, _literal) = (records, arguments.Seeds, literal);
        Reference = new GridPoint([.. literal.Select(rows => rows[0])], 0, 0, null);
        BestOfN = [.. arguments.N.Select(n => new GridPoint([.. literal.Select(rows => rows.First(row => row.N == n))], 0, 0, null))];
    }

    /// <summary>Every run.</summary>
    public IReadOnlyList<RunRecord> All { get; }

    public GridPoint Reference { get; }

    /// <summary>Literal Best-of-N at each N of the grid.</summary>
    public IReadOnlyList<GridPoint> BestOfN { get; }

    /// <summary>The reference and literal Best-of-N of a seed.</summary>
    public IReadOnlyList<MethodResult> Literal(long seed) => _literal[_seeds.ToList().IndexOf(seed)];

    /// <summary>Whether a study was made.</summary>
    public bool Has(string study) => Of(study).Any();

    /// <summary>The runs of a study, or of the grid itself.</summary>
    public IEnumerable<RunRecord> Of(string study) => All.Where(record => record.Run.Study == study);

    /// <summary>The settings of a study, or of the grid itself, over seeds; the seed of each run is 0.</summary>
    public IEnumerable<(GridRun Run, GridPoint Point)> Points(string study) =>
        Of(study)
            .GroupBy(record => record.Run with { Seed = 0 })
            .Select(group =>
                (
                    group.Key,
                    new GridPoint(
                        [.. group.Select(record => record.Result)],
                        group.Count(record => record.Stopped is not null),
                        group.Average(record => record.CompletionsDrawn),
                        GridCosts.Of([.. group])
                    )
                )
            );

    /// <summary>The settings of a study with those of the grid that they are compared with.</summary>
    /// <param name="study">The study.</param>
    /// <param name="isCompared">Whether a run of the grid, the first, is compared with a run of the study.</param>
    public IEnumerable<(GridRun Run, GridPoint Point)> Beside(string study, Func<GridRun, GridRun, bool> isCompared) =>
        Points(study).Concat(Points("grid").Where(pair => Of(study).Any(other => isCompared(pair.Run, other.Run))));

    /// <summary>The default run of a method; null where it was not made.</summary>
    public GridPoint? Default(Method method, int n) =>
        Points("grid").Where(pair => pair.Run.Method == method && pair.Run.N == n).Select(pair => pair.Point).FirstOrDefault();

    /// <summary>Processor seconds of vBoN as it is by default, over all N:
    /// what costs are multiples of; null where they were not measured.</summary>
    public GridCosts? Unit => GridCosts.Of([.. Of("grid").Where(record => record.Run.Method == Method.VariationalBestOfN)]);

    /// <summary>How many values of N share the head of a run, at least 1.</summary>
    public int Sharing(GridRun run) => GridCosts.Sharing(All, run);
}
