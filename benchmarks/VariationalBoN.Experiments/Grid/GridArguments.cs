using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>What the user asked of the grid.</summary>
internal sealed record GridArguments
{
    public required string Dataset { get; init; }

    /// <summary>The values of N in ascending order.</summary>
    public required IReadOnlyList<double> N { get; init; }

    /// <summary>The seeds in ascending order.</summary>
    public required IReadOnlyList<long> Seeds { get; init; }

    /// <summary>The methods, in the order of <see cref="GridPlan.Methods"/>.</summary>
    public required IReadOnlyList<Method> Methods { get; init; }

    /// <summary>The studies; null for all where the dataset's runs are short, else none.</summary>
    public required IReadOnlyList<string>? Studies { get; init; }

    public required string Output { get; init; }

    public required string Device { get; init; }

    /// <summary>Fine-tuning runs at a time.</summary>
    public required int Threads { get; init; }

    /// <summary>Every method and every study once, small.</summary>
    public required bool Quick { get; init; }
}
