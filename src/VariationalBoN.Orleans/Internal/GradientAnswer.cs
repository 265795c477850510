namespace VariationalBoN.Orleans.Internal;

/// <summary>The gradient of a part. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.GradientAnswer")]
internal sealed record GradientAnswer
{
    /// <summary>How many parts the batch has.</summary>
    [Id(0)]
    public required int Parts { get; init; }

    /// <summary>The loss of the part times its share.</summary>
    [Id(1)]
    public required double Value { get; init; }

    /// <summary>The places of its completions.</summary>
    [Id(2)]
    public required int[] Positions { get; init; }

    /// <summary>log pi_theta of them.</summary>
    [Id(3)]
    public required double[] LogProb { get; init; }

    /// <summary>The gradient of each parameter in bytes.</summary>
    [Id(4)]
    public required byte[]?[] Gradients { get; init; }
}
