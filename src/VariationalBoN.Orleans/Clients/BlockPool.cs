using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Threading.Channels;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Orleans.Clients;

/// <summary>
/// Hands blocks to workers, to each device as many as it has room for, and takes their results. Blocks of workers that were lost go
/// first, since somebody has waited for them longest; then gradients, which a step waits for; then draws. Thread-safe.
/// </summary>
internal sealed class BlockPool : IAsyncDisposable
{
    /// <summary>With how many workers a block may be lost until it is taken for the cause.</summary>
    private const int MostLosses = 5;

    private readonly WorkerWatch _watch;
    private readonly WorkerClusterOptions _options;
    private readonly Func<WorkerDescription, string?> _refusal;
    private readonly Channel<BlockWork> _waiting = Channel.CreateUnboundedPrioritized<BlockWork>(new() { Comparer = BlockWork.Order });
    private readonly ConcurrentDictionary<Task, bool> _running = [];
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<WorkerLink, PoolMember> _members = [];
    private bool _isClosed;
    private long _without = Stopwatch.GetTimestamp(); // since when there is none

    /// <summary>Begins to look for workers.</summary>
    /// <param name="watch">Knows workers.</param>
    /// <param name="refusal">Why a worker cannot be given blocks; null when it can.</param>
    /// <param name="options">Time limits and numbers.</param>
    /// <param name="log">Told of workers that are refused or lost.</param>
    public BlockPool(WorkerWatch watch, Func<WorkerDescription, string?> refusal, WorkerClusterOptions options, ClusterLog log)
    {
        (_watch, _refusal, _options, Log, Closed) = (watch, refusal, options, log, _closed.Token);
        watch.Add(this);
    }

    /// <summary>Told of workers that are refused or lost.</summary>
    public ClusterLog Log { get; }

    /// <summary>Blocks that wait for a hand.</summary>
    public ChannelReader<BlockWork> Waiting => _waiting.Reader;

    /// <summary>Cancelled when the pool is closed.</summary>
    public CancellationToken Closed { get; }

    /// <summary>How many blocks workers take at once.</summary>
    public int Hands
    {
        get
        {
            lock (_lock)
                return _members.Values.Sum(member => member.Hands);
        }
    }

    /// <summary>The workers that are there now, and why one is given no blocks.</summary>
    public ImmutableArray<WorkerStatus> Workers
    {
        get
        {
            lock (_lock)
                return
                [
                    .. _watch.Workers.Select(worker => new WorkerStatus(
                        worker.Description.Name,
                        worker.Description.Devices,
                        _members.GetValueOrDefault(worker)?.Refusal,
                        worker.Blocks
                    )),
                ];
        }
    }

    /// <summary>Has a block done.</summary>
    /// <returns>Its result in bytes.</returns>
    /// <exception cref="ClusterException">It cannot be done; the message names worker, block and remedy.</exception>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    public async Task<byte[]> RunAsync(BlockWork work)
    {
        work.Stop.ThrowIfCancellationRequested();
        long begun = Stopwatch.GetTimestamp();
        ObjectDisposedException.ThrowIf(!_waiting.Writer.TryWrite(work), typeof(WorkerCluster));
        byte[] result = await work.Result.WaitAsync(work.Stop).ConfigureAwait(false);
        ClusterMetrics.Done.Add(1);
        ClusterMetrics.Seconds.Record(Stopwatch.GetElapsedTime(begun).TotalSeconds);
        return result;
    }

    /// <summary>Has a block done by another worker; fails it where the pool is closed.</summary>
    public void Again(BlockWork work)
    {
        work.IsAgain = true;
        if (!_waiting.Writer.TryWrite(work))
            work.Fail(new ObjectDisposedException(nameof(WorkerCluster)));
    }

    /// <summary>A worker was lost with a block.</summary>
    /// <param name="work">The block.</param>
    /// <param name="worker">The worker.</param>
    /// <param name="loss">How it was lost.</param>
    /// <param name="wasOnDevice">Whether the block may be the cause, since a device was at it.</param>
    public void Lose(BlockWork work, WorkerLink worker, Exception loss, bool wasOnDevice)
    {
        if (loss is LostWorkerException { IsLeaving: var isLeaving })
            _watch.GiveUp(worker, isLeaving);
        if (work.HasEnded)
            return;
        ClusterMetrics.Lost.Add(1);
        if (wasOnDevice && !worker.IsLeaving && loss is not LostWorkerException { IsLeaving: true })
            work.Lose(worker.Description.Name);
        if (work.LostWith.Length >= MostLosses)
            work.Fail(
                new ClusterException(
                    $"{work.Name} was given to {MostLosses} workers, and each was lost with it: "
                        + $"{string.Join(", ", work.LostWith)}. The block itself may end them: see their logs and their memory, and "
                        + "make blocks smaller.",
                    loss
                )
            );
        else
            Again(work);
        Log.Lost(worker.Description.Name, work.Name, loss as LostWorkerException);
    }

    /// <summary>Takes workers on that are new; fails what waits when there has been none for too long.</summary>
    public void Look(ImmutableArray<WorkerLink> workers)
    {
        foreach (WorkerLink worker in workers)
            Take(worker);
        lock (_lock)
        {
            foreach (WorkerLink gone in _members.Keys.Where(worker => !workers.Contains(worker) && worker.Gone.IsCancellationRequested))
                _members.Remove(gone);
        }

        if (Hands > 0)
            Volatile.Write(ref _without, Stopwatch.GetTimestamp());
        else if (HasWaitedTooLong)
            FailAll();
    }

    /// <summary>Waits until there is a worker.</summary>
    /// <exception cref="ClusterException">None came in time.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (Hands == 0)
        {
            if (HasWaitedTooLong)
                throw NoWorker();
            await Task.Delay(50, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isClosed)
                return; // by the cluster
            _isClosed = true;
        }

        _watch.Remove(this);
        _waiting.Writer.TryComplete();
        await _closed.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Keys).ConfigureAwait(false); // they tell workers that nobody waits any more
        while (_waiting.Reader.TryRead(out BlockWork? work))
            work.Fail(new ObjectDisposedException(nameof(WorkerCluster)));
        _closed.Dispose();
    }

    private bool HasWaitedTooLong => Stopwatch.GetElapsedTime(Volatile.Read(ref _without)) > _options.WaitForWorkers;

    private void Take(WorkerLink worker)
    {
        PoolMember member;
        string? refusal;
        lock (_lock)
        {
            if (_isClosed || _members.ContainsKey(worker))
                return;
            refusal = _refusal(worker.Description);
            _members[worker] = member = new PoolMember(this, worker, _options);
            if (refusal is null)
            {
                Task running = member.RunAsync();
                _running[running] = true;
                _ = running.ContinueWith(ended => _running.TryRemove(ended, out _), TaskScheduler.Default);
            }
        }

        if (refusal is not null)
            member.Refuse(refusal);
    }

    private void FailAll()
    {
        while (_waiting.Reader.TryRead(out BlockWork? work))
        {
            if (!work.HasEnded)
                work.Fail(NoWorker(work.Name));
        }
    }

    private ClusterException NoWorker(string? block = null)
    {
        PoolMember[] refused;
        lock (_lock)
            refused = [.. _members.Values.Where(member => member.Refusal is not null && !member.Worker.Gone.IsCancellationRequested)];
        string reasons = string.Join("; ", refused.Select(member => $"{member.Worker.Description.Name}: {member.Refusal}"));
        string what = block is null ? "" : $" {char.ToUpperInvariant(block[0])}{block[1..]} waits for one.";
        string remedy =
            refused.Length > 0 ? $"{refused.Length} were refused ({reasons})."
            : _watch.Failure is Exception failure
                ? $"The cluster could not be asked: {failure.Message} See that a silo is there and "
                    + "that its gateway's address, ClusterId and ServiceId are those of this client."
            : "The cluster has silos, but none was given a worker: start one with AddVariationalBoN and a function that makes its models.";
        return new ClusterException(
            $"No worker could be given a block for {_options.WaitForWorkers.TotalSeconds:0.#} seconds.{what} {remedy}",
            _watch.Failure
        );
    }
}
