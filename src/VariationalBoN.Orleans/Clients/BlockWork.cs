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
    private static long s_made;
    private string? _doneBy;
    private readonly long _number = Interlocked.Increment(ref s_made);
    private readonly TaskCompletionSource<byte[]> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Which of the blocks that wait goes first: those that were given out before,
    /// then gradients, then draws; the oldest of these.</summary>
    public static Comparer<BlockWork> Order { get; } =
        Comparer<BlockWork>.Create((one, other) => (one.Rank, one._number).CompareTo((other.Rank, other._number)));

    /// <summary>What is done.</summary>
    public BlockKind Kind => kind;

    /// <summary>Whether it was given to a worker before; set while it does not wait.</summary>
    public bool IsAgain { get; set; }

    /// <summary>What people know it by.</summary>
    public string Name => name;

    /// <summary>The request in bytes.</summary>
    public byte[] Payload => payload;

    /// <summary>The published weights that it is of.</summary>
    public PublishedWeights? Weights => weights;

    /// <summary>Cancelled when nobody waits any more.</summary>
    public CancellationToken Stop => cancellationToken;

    /// <summary>The workers, each once, that were lost while a device of theirs was at it.</summary>
    public ImmutableArray<string> LostWith { get; private set; } = [];

    /// <summary>Its result.</summary>
    public Task<byte[]> Result => _result.Task;

    /// <summary>Whether nothing is left to do for it.</summary>
    public bool HasEnded => _result.Task.IsCompleted || cancellationToken.IsCancellationRequested;

    /// <summary>A worker was lost with it.</summary>
    public void Lose(string worker) => LostWith = LostWith.Contains(worker) ? LostWith : LostWith.Add(worker);

    /// <summary>It is done.</summary>
    /// <param name="result">The answer in bytes.</param>
    /// <param name="worker">Whose.</param>
    public void Succeed(byte[] result, string worker)
    {
        _doneBy = worker;
        _result.TrySetResult(result);
    }

    /// <summary>Uses the answer.</summary>
    /// <exception cref="ClusterException">It does not fit; the message names the worker.</exception>
    public T Use<T>(Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception e)
        {
            throw new ClusterException(
                $"The worker {_doneBy} gave an answer for {name} that cannot be used. {e.GetType().Name}: {e.Message} Stop that process, "
                    + "and run again; see its log and the memory of its machine.",
                e
            );
        }
    }

    /// <summary>It cannot be done.</summary>
    public void Fail(Exception failure) => _result.TrySetException(failure);

    private int Rank =>
        IsAgain ? 0
        : kind == BlockKind.Gradient ? 1
        : 2;
}
