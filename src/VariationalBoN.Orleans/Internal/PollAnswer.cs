namespace VariationalBoN.Orleans.Internal;

/// <summary>How far a block is. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.PollAnswer")]
internal sealed record PollAnswer
{
    /// <summary>How far.</summary>
    [Id(0)]
    public required BlockState State { get; init; }

    /// <summary>The length of the result.</summary>
    [Id(1)]
    public int Length { get; init; }

    /// <summary>The first bytes of it.</summary>
    [Id(2)]
    public byte[] Bytes { get; init; } = [];

    /// <summary>What failed.</summary>
    [Id(3)]
    public BlockFailure Failure { get; init; }

    /// <summary>What the failure says.</summary>
    [Id(4)]
    public string Message { get; init; } = "";
}
