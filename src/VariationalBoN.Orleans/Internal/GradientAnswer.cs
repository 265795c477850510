using VariationalBoN.Training;

namespace VariationalBoN.Orleans.Internal;

/// <summary>The gradient of a part: a <see cref="GradientPart"/> in a message. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.GradientAnswer")]
internal sealed record GradientAnswer
{
    /// <summary>Of which batch.</summary>
    [Id(0)]
    public required string Batch { get; init; }

    /// <summary>The SHA-256 of the published weights that it was computed with.</summary>
    [Id(1)]
    public required string Weights { get; init; }

    /// <summary>Which part.</summary>
    [Id(2)]
    public required int Index { get; init; }

    /// <summary>The loss of the part times its share.</summary>
    [Id(3)]
    public required double Value { get; init; }

    /// <summary>log pi_theta of its completions.</summary>
    [Id(4)]
    public required double[] LogProb { get; init; }

    /// <summary>The gradient of each parameter in bytes.</summary>
    [Id(5)]
    public required byte[]?[] Gradients { get; init; }

    /// <summary>The message of a part.</summary>
    public static GradientAnswer Of(GradientPart part) =>
        new()
        {
            Batch = part.Batch,
            Weights = part.Weights,
            Index = part.Index,
            Value = part.Value,
            LogProb = [.. part.LogProb],
            Gradients = [.. part.Gradients],
        };

    /// <summary>The part.</summary>
    public GradientPart ToPart() => new(Batch, Weights, Index, Value, [.. LogProb], [.. Gradients]);
}
