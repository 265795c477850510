using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Clients;

#pragma warning disable CA1001 // the source is cancelled when the worker leaves, and holds no timer and no handle
/// <summary>A worker of the cluster, as long as its silo is in it. Thread-safe.</summary>
/// <param name="address">The address of the silo.</param>
/// <param name="grain">The door to it.</param>
/// <param name="description">What it draws and scores with.</param>
internal sealed class WorkerLink(string address, IWorkerGrain grain, WorkerDescription description)
{
    private readonly CancellationTokenSource _gone = new();
    private long _blocks;

    /// <summary>The address of the silo.</summary>
    public string Address => address;

    /// <summary>The door to it.</summary>
    public IWorkerGrain Grain => grain;

    /// <summary>What it draws and scores with.</summary>
    public WorkerDescription Description => description;

    /// <summary>Cancelled when the silo has left the cluster, or is given up.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>The blocks that it has done.</summary>
    public long Blocks => Volatile.Read(ref _blocks);

    /// <summary>It has done one more.</summary>
    public void Count() => Interlocked.Increment(ref _blocks);

    /// <summary>Whether it stops in good order, so that no block is the cause.</summary>
    public bool IsLeaving { get; private set; }

    /// <summary>It is not there any more.</summary>
    /// <param name="isLeaving">Whether it stops in good order.</param>
    public void Leave(bool isLeaving)
    {
        IsLeaving |= isLeaving;
        _gone.Cancel();
    }
}
