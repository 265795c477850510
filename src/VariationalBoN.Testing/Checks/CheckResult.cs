using System.Collections.Immutable;

namespace VariationalBoN.Testing.Checks;

/// <summary>What one check measured, and what is probably wrong when it failed. Immutable, thread-safe.</summary>
public sealed record CheckResult
{
    /// <summary>What was checked, such as "log-prob: padding".</summary>
    public required string Name { get; init; }

    /// <summary>How it ended.</summary>
    public required CheckStatus Status { get; init; }

    /// <summary>The number that was measured; null where nothing was. At most <see cref="Threshold"/> in a check that passed.</summary>
    public double? Measured { get; init; }

    /// <summary>The largest <see cref="Measured"/> that passes; null where nothing was measured.</summary>
    public double? Threshold { get; init; }

    /// <summary>What was measured, in which unit and on what; for a skipped check the reason.</summary>
    public required string Detail { get; init; }

    /// <summary>What probably is wrong, most likely first; empty unless the check failed.</summary>
    public ImmutableArray<string> LikelyCauses { get; init; } = [];

    /// <summary>Passes when measured is at most the threshold, so NaN fails; causes are kept for failures alone.</summary>
    internal static CheckResult Of(string name, double measured, double threshold, string detail, params IEnumerable<string> causes)
    {
        bool passed = measured <= threshold;
        return new()
        {
            Name = name,
            Status = passed ? CheckStatus.Passed : CheckStatus.Failed,
            Measured = measured,
            Threshold = threshold,
            Detail = detail,
            LikelyCauses = passed ? [] : [.. causes],
        };
    }

    internal static CheckResult Skip(string name, string reason) =>
        new()
        {
            Name = name,
            Status = CheckStatus.Skipped,
            Detail = reason,
        };

    internal static CheckResult Fail(string name, string detail, params IEnumerable<string> causes) =>
        new()
        {
            Name = name,
            Status = CheckStatus.Failed,
            Detail = detail,
            LikelyCauses = [.. causes],
        };
}
