using System.Collections.Immutable;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Clients;

/// <summary>A block that somebody waits for. Thread-safe.</summary>
/// <param name="kind">What is done.</param>
/// <param name="name">What people know it by.</param>
/// <param name="payload">The request in bytes.</param>
/// <param name="weights">The published weights that it is of; null for the reference.</param>
/// <param name="cancellationToken">Nobody waits any more.</param>
internal sealed class BlockWork(BlockKind kind, string name, byte[] payload, PublishedWeights? weights, CancellationToken cancellationToken)
{
    private readonly TaskCompletionSource<byte[]> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What is done.</summary>
    public BlockKind Kind => kind;

    /// <summary>What people know it by.</summary>
    public string Name => name;

    /// <summary>The request in bytes.</summary>
    public byte[] Payload => payload;

    /// <summary>The published weights that it is of.</summary>
    public PublishedWeights? Weights => weights;

    /// <summary>Cancelled when nobody waits any more.</summary>
    public CancellationToken Stop => cancellationToken;

    /// <summary>The workers that were lost with it.</summary>
    public ImmutableArray<string> LostWith { get; private set; } = [];

    /// <summary>Its result.</summary>
    public Task<byte[]> Result => _result.Task;

    /// <summary>Whether nothing is left to do for it.</summary>
    public bool HasEnded => _result.Task.IsCompleted || cancellationToken.IsCancellationRequested;

    /// <summary>A worker was lost with it.</summary>
    public void Lose(string worker) => LostWith = LostWith.Add(worker);

    /// <summary>It is done.</summary>
    public void Succeed(byte[] result) => _result.TrySetResult(result);

    /// <summary>It cannot be done.</summary>
    public void Fail(Exception failure) => _result.TrySetException(failure);
}
