using VariationalBoN.Numerics;

namespace VariationalBoN.BestOfN;

/// <summary>When reference samples are too few for N. Stateless, thread-safe.</summary>
internal static class SampleWarning
{
    /// <summary>What <see cref="SamplePlanner.Warning"/> says of the prompt with the fewest rewards,
    /// and how many prompts have too few; null when there are enough.</summary>
    public static string? Of(IReadOnlyCollection<int> counts, double n)
    {
        string? warning = SamplePlanner.Warning(n, counts.Min());
        int few = warning is null ? 0 : counts.Count(count => SamplePlanner.ExpectedKl(n, count) > SamplePlanner.MaxGoodKl);
        return warning is null || few == counts.Count ? warning : $"{few} of {counts.Count} prompts have too few samples. {warning}";
    }
}
