namespace VariationalBoN.Orleans.Internal;

/// <summary>A batch, the gradient of one part of which is wanted. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.GradientRequest")]
internal sealed record GradientRequest
{
    /// <summary>The name of the loss.</summary>
    [Id(0)]
    public required string Loss { get; init; }

    /// <summary>What the loss is the mean over.</summary>
    [Id(1)]
    public required int Average { get; init; }

    /// <summary>The most completions in a part.</summary>
    [Id(2)]
    public required int CompletionsPerPart { get; init; }

    /// <summary>Which part.</summary>
    [Id(3)]
    public required int Index { get; init; }

    /// <summary>The completions of the whole batch.</summary>
    [Id(4)]
    public required SamplesMessage Samples { get; init; }

    /// <summary>The group of each.</summary>
    [Id(5)]
    public required int[] Groups { get; init; }

    /// <summary>Numbers that belong to completions, by name.</summary>
    [Id(6)]
    public required Dictionary<string, double[]> Numbers { get; init; }
}
