namespace VariationalBoN.Orleans.Internal;

/// <summary>A block to begin. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.BeginRequest")]
internal sealed record BeginRequest
{
    /// <summary>What the block is asked for by.</summary>
    [Id(0)]
    public required Guid Ticket { get; init; }

    /// <summary>Which device of the silo, from 0.</summary>
    [Id(1)]
    public required int Device { get; init; }

    /// <summary>A draw or a gradient.</summary>
    [Id(2)]
    public required BlockKind Kind { get; init; }

    /// <summary>The published weights that it is of; null for those that the worker was made with.</summary>
    [Id(3)]
    public WeightsVersion? Weights { get; init; }

    /// <summary>The rest, as its kind has it.</summary>
    [Id(4)]
    public required byte[] Payload { get; init; }
}
