using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Threading.Channels;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Orleans.Clients;

/// <summary>
/// Hands blocks to workers, to each device as many as it has room for, and takes their results. A block of a worker that is lost waits
/// for the next one that is free. Thread-safe.
/// </summary>
internal sealed class BlockPool : IAsyncDisposable
{
    /// <summary>With how many workers a block may be lost until it is taken for the cause.</summary>
    private const int MostLosses = 5;

    private readonly WorkerWatch _watch;
    private readonly WorkerClusterOptions _options;
    private readonly ClusterLog _log;
    private readonly Func<WorkerDescription, string?> _refusal;
    private readonly Channel<BlockWork> _waiting = Channel.CreateUnbounded<BlockWork>();
    private readonly ConcurrentDictionary<Task, bool> _running = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<WorkerLink, string?> _known = []; // with why it is refused
    private int _hands; // that take blocks
    private bool _isClosed;
    private long _without = Stopwatch.GetTimestamp(); // since when there is none

    /// <summary>Begins to look for workers.</summary>
    /// <param name="watch">Knows workers.</param>
    /// <param name="refusal">Why a worker cannot be given blocks; null when it can.</param>
    /// <param name="options">Time limits and numbers.</param>
    /// <param name="log">Told of workers that are refused or lost.</param>
    public BlockPool(WorkerWatch watch, Func<WorkerDescription, string?> refusal, WorkerClusterOptions options, ClusterLog log)
    {
        (_watch, _refusal, _options, _log) = (watch, refusal, options, log);
        watch.Add(this);
    }

    /// <summary>Why a worker is given no blocks; null where it is.</summary>
    public string? RefusalOf(WorkerLink worker)
    {
        lock (_lock)
            return _known.GetValueOrDefault(worker);
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

    /// <summary>Takes workers on that are new; fails what waits when there has been none for too long.</summary>
    public void Look(ImmutableArray<WorkerLink> workers)
    {
        foreach (WorkerLink worker in workers)
        {
            string? refusal;
            lock (_lock)
            {
                if (_stop.IsCancellationRequested || _known.ContainsKey(worker))
                    continue;
                _known[worker] = refusal = _refusal(worker.Description);
                if (refusal is null)
                    _hands += worker.Description.Devices * _options.BlocksPerDevice;
            }

            if (refusal is not null)
            {
                ClusterMetrics.Refused.Add(1);
                _log.Refused(worker.Description.Name, refusal);
                continue;
            }

            for (int hand = 0; hand < worker.Description.Devices * _options.BlocksPerDevice; hand++)
            {
                int device = hand % worker.Description.Devices;
                Task running = Task.Run(() => WorkAsync(worker, device));
                _running[running] = true;
                _ = running.ContinueWith(ended => _running.TryRemove(ended, out _), TaskScheduler.Default);
            }
        }

        lock (_lock)
        {
            foreach (
                WorkerLink gone in _known.Keys.Where(worker => !workers.Contains(worker) && worker.Gone.IsCancellationRequested).ToArray()
            )
                _known.Remove(gone);
            if (_hands > 0)
                _without = Stopwatch.GetTimestamp();
            else if (Stopwatch.GetElapsedTime(_without) > _options.WaitForWorkers)
                FailAll();
        }
    }

    /// <summary>Waits until there is a worker.</summary>
    /// <exception cref="ClusterException">None came in time.</exception>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _hands) == 0)
        {
            if (Stopwatch.GetElapsedTime(_without) > _options.WaitForWorkers)
                throw NoWorker();
            await Task.Delay(50, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
            return; // by the cluster
        _watch.Remove(this);
        _waiting.Writer.TryComplete();
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Keys).ConfigureAwait(false);
        while (_waiting.Reader.TryRead(out BlockWork? work))
            work.Fail(new ObjectDisposedException(nameof(WorkerCluster)));
        _stop.Dispose();
    }

    /// <summary>One hand of a device: takes a block and stays with it until it has ended, as long as the worker is there.</summary>
    private async Task WorkAsync(WorkerLink worker, int device)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, worker.Gone);
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(leave.Token).ConfigureAwait(false))
            {
                if (!_waiting.Reader.TryRead(out BlockWork? work) || work.HasEnded)
                    continue;
                try
                {
                    await new BlockDialogue(worker, device, work, _options).RunAsync(leave.Token).ConfigureAwait(false);
                }
                catch (Exception e) when (e is LostWorkerException || (e is OperationCanceledException && leave.IsCancellationRequested))
                {
                    if (_stop.IsCancellationRequested)
                    {
                        work.Fail(new ObjectDisposedException(nameof(WorkerCluster)));
                        return;
                    }

                    ClusterMetrics.Lost.Add(1);
                    Requeue(work, worker, e);
                    if (e is LostWorkerException)
                        _watch.GiveUp(worker);
                    _log.Lost(worker.Description.Name, work.Name, e as LostWorkerException);
                    return;
                }
                catch (Exception e)
                {
                    work.Fail(e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // the worker has left, or the pool is closed
        }
        finally
        {
            lock (_lock)
            {
                if (--_hands == 0)
                    _without = Stopwatch.GetTimestamp();
            }
        }
    }

    private void Requeue(BlockWork work, WorkerLink worker, Exception loss)
    {
        work.Lose(worker.Description.Name);
        if (work.LostWith.Length >= MostLosses)
            work.Fail(
                new ClusterException(
                    $"{work.Name} was given to {MostLosses} workers, and each was lost with it: "
                        + $"{string.Join(", ", work.LostWith)}. It may be what ends them: see their logs and their memory, and make "
                        + "blocks smaller.",
                    loss
                )
            );
        else if (!_waiting.Writer.TryWrite(work))
            work.Fail(new ObjectDisposedException(nameof(WorkerCluster)));
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
        WorkerLink[] refused;
        string reasons;
        lock (_lock)
        {
            refused =
            [
                .. _known
                    .Where(worker => worker.Value is not null && !worker.Key.Gone.IsCancellationRequested)
                    .Select(worker => worker.Key),
            ];
            reasons = string.Join("; ", refused.Select(worker => $"{worker.Description.Name}: {_known[worker]}"));
        }

        string what = block is null ? "" : $" {char.ToUpperInvariant(block[0])}{block[1..]} waits for one.";
        string remedy =
            refused.Length > 0 ? $"{refused.Length} were refused ({reasons})."
            : _watch.Failure is Exception failure
                ? $"The cluster could not be asked: {failure.Message} See that a silo is there and "
                    + "that its gateway's address, ClusterId and ServiceId are those of this client."
            : "The cluster has silos, but none was given a worker: start one with AddVariationalBoN and a function that makes its models.";
        return new ClusterException(
            $"No worker can be given blocks since {_options.WaitForWorkers.TotalSeconds:0.#} seconds.{what} " + $"{remedy}",
            _watch.Failure
        );
    }
}
