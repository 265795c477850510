using SentimentControl.Datasets;
using SentimentControl.Datasets.Austen;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>All runs of a whole or a quick grid, in the order in which they are worth having. Stateless.</summary>
internal static class GridPlan
{
    /// <summary>The methods of the paper.</summary>
    public static readonly Method[] PaperMethods =
    [
        Method.VariationalBestOfN,
        Method.LowerBound,
        Method.KlConstrainedRl,
        Method.BestOfNSft,
    ];

    /// <summary>The methods of the grid, those of the paper first.</summary>
    public static readonly Method[] Methods =
    [
        .. PaperMethods,
        Method.CalibratedTilt,
        Method.Guided,
        Method.Jeffreys,
        Method.ClippedRatio,
        Method.GroupNormalised,
        Method.Iterated,
        Method.WinnersSft,
        Method.Regression,
        Method.LogVariance,
        Method.BonBon,
        Method.Ipo,
        Method.Dpo,
    ];

    /// <summary>The names of the studies beside the grid itself.</summary>
    public static readonly string[] Studies = [.. GridStudies.All.Select(study => study.Name)];

    /// <summary>Whether every method is run at each N, and by default the studies: not where a run takes minutes.</summary>
    public static bool IsWhole(IDataset dataset) => dataset is not AustenDataset;

    /// <summary>The runs.</summary>
    /// <param name="ns">The values of N of the grid.</param>
    /// <param name="seeds">The seeds.</param>
    /// <param name="methods">The methods, of <see cref="Methods"/>.</param>
    /// <param name="studies">The studies, of <see cref="Studies"/>; each has its own N, on a long dataset those of them that were asked
    /// for, and what it is compared with is run too.</param>
    /// <param name="quick">Every method and every study once, small.</param>
    /// <param name="whole">Every method at each N; otherwise the paper's methods at each N and the others at the middle one.</param>
    /// <param name="defaults">The settings of the dataset, against which each run of a study changes something; null where any will
    /// do.</param>
    public static IReadOnlyList<GridRun> Of(
        IReadOnlyList<int> ns,
        IReadOnlyList<long> seeds,
        IReadOnlyCollection<Method> methods,
        IReadOnlyCollection<string> studies,
        bool quick,
        bool whole = true,
        RunSettings? defaults = null
    )
    {
        var none = new Variation();
        var runs = new List<GridRun>();
        foreach (long seed in seeds)
        {
            foreach (var method in Methods)
            {
                IReadOnlyList<int> own = whole || PaperMethods.Contains(method) ? ns : [ns[(ns.Count - 1) / 2]];
                Add("grid", method, method == Method.KlConstrainedRl ? [.. own, 2 * own[^1]] : own, none);
            }

            foreach (GridStudy study in GridStudies.All.Where(study => studies.Contains(study.Name)))
            {
                foreach ((Method method, int[] values, Variation variation) in study.Parts(quick))
                {
                    int[] asked = whole ? values : [.. values.Intersect(ns)]; // where a run takes minutes
                    Add("grid", method, asked, none);
                    if (defaults is null || variation.Beyond(defaults) != none)
                        Add(study.Name, method, asked, variation);
                }
            }

            void Add(string study, Method method, IReadOnlyList<int> values, Variation variation) =>
                runs.AddRange(values.Select(n => new GridRun(study, method, n, seed, variation)));
        }

        return [.. runs.Where(run => methods.Contains(run.Method)).Distinct()];
    }
}
