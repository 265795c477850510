using VariationalBoN.Internal;
using VariationalBoN.Numerics;

namespace VariationalBoN.BestOfN;

/// <summary>How the library warns of reference samples, and when they are too few for N. Stateless, thread-safe.</summary>
internal static class SampleWarning
{
    /// <summary>What <see cref="SamplePlanner.Warning"/> says of the prompt with the fewest rewards, and how many prompts have too few; null when there are enough.</summary>
    public static string? Of(IReadOnlyCollection<int> counts, double n)
    {
        string? warning = SamplePlanner.Warning(n, counts.Min());
        int few = warning is null ? 0 : counts.Count(count => SamplePlanner.ExpectedKl(n, count) > SamplePlanner.MaxGoodKl);
        return warning is null || few == counts.Count ? warning : $"{few} of {counts.Count} prompts have too few samples. {warning}";
    }

    /// <summary>Tells the caller, or whoever reads the error stream, with the name of what silences it.</summary>
    public static void Raise(string? warning, Action<string>? onWarning, string name = "onWarning")
    {
        if (warning is not null)
            Warning.Raise(warning, onWarning, name);
    }
}
