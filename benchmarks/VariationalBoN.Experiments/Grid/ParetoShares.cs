using SentimentControl.Reporting;
using VariationalBoN.Evaluation;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The paper's statistic: which part of a method's points no other method's point beats on both KL and value. Stateless.</summary>
internal static class ParetoShares
{
    /// <summary>For each method the share of its points on the front, over all seeds:
    /// by the values, and up to 1.96 standard errors.</summary>
    public static IReadOnlyDictionary<Method, (double ByValue, double WithinErrors)> Of(
        IReadOnlyList<RunRecord> runs,
        Func<MethodResult, Estimate> value
    )
    {
        var counts = new Dictionary<Method, (int Points, int ByValue, int WithinErrors)>();
        foreach (var seed in runs.Where(record => record.Stopped is null).GroupBy(record => record.Run.Seed))
        {
            MethodResult[] points = [.. seed.Select(record => record.Result)];
            HashSet<MethodResult> front = [.. ParetoFront.Of(points, point => point.Kl.Value, point => value(point).Value)],
                near = [.. ParetoFront.WithinErrors(points, point => point.Kl, value)];
            foreach (var point in points)
            {
                var (count, byValue, within) = counts.GetValueOrDefault(point.Method);
                counts[point.Method] = (count + 1, byValue + (front.Contains(point) ? 1 : 0), within + (near.Contains(point) ? 1 : 0));
            }
        }

        return counts.ToDictionary(
            pair => pair.Key,
            pair => ((double)pair.Value.ByValue / pair.Value.Points, (double)pair.Value.WithinErrors / pair.Value.Points)
        );
    }
}
