using System.Collections.Immutable;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Clients;

/// <summary>Which workers are in the cluster: asks each second. Thread-safe.</summary>
internal sealed class WorkerWatch : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(0.5);

    private readonly IClusterClient _client;
    private readonly WorkerClusterOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<string> _asked = []; // silos that are asked, or have no worker
    private readonly Lock _lock = new();
    private readonly Task _watching;
    private ImmutableArray<WorkerLink> _workers = [];
    private ImmutableArray<BlockPool> _pools = [];
    private long _version = -1;
    private bool _isDisposed;

    /// <summary>Begins to watch.</summary>
    public WorkerWatch(IClusterClient client, WorkerClusterOptions options)
    {
        (_client, _options) = (client, options);
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>Those that are there.</summary>
    public ImmutableArray<WorkerLink> Workers => _workers;

    /// <summary>Why the cluster could not be asked the last time; null when it could.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Tells a pool of workers, now and whenever they change, and at least each second.</summary>
    /// <exception cref="ObjectDisposedException">Nobody watches any more.</exception>
    public void Add(BlockPool pool)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(WorkerCluster));
            _pools = _pools.Add(pool);
        }

        pool.Look(_workers);
    }

    /// <summary>Tells it no more.</summary>
    public void Remove(BlockPool pool)
    {
        lock (_lock)
            _pools = _pools.Remove(pool);
    }

    /// <summary>Gives a worker up that answers no more, or stops: it is asked anew who it is.
    /// Does nothing where another block has done so.</summary>
    public void GiveUp(WorkerLink worker, bool isLeaving)
    {
        lock (_lock)
        {
            if (!_workers.Contains(worker))
                return;
            _workers = _workers.Remove(worker);
            _asked.Remove(worker.Address);
        }

        worker.Leave(isLeaving);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        foreach (BlockPool pool in _pools) // of learners that were not disposed of before
            await pool.DisposeAsync().ConfigureAwait(false);
        foreach (WorkerLink worker in _workers)
            worker.Leave(isLeaving: true);
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        var view = _client.GetGrain<IClusterViewGrain>(0);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                See(await view.ViewAsync().WaitAsync(_stop.Token).ConfigureAwait(false));
                Failure = null;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Failure = e; // told when a call finds no worker; asked again
            }

            Tell();
            await Task.Delay(s_pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void See(ClusterView view)
    {
        if (view.Version < _version)
            return; // from a silo that has not heard yet
        _version = view.Version;
        var silos = view.Silos.ToHashSet(StringComparer.Ordinal);
        WorkerLink[] gone;
        string[] unknown;
        lock (_lock)
        {
            gone = [.. _workers.Where(worker => !silos.Contains(worker.Address))];
            _workers = [.. _workers.Except(gone)];
            _asked.IntersectWith(silos);
            unknown = [.. silos.Where(_asked.Add)];
        }

        foreach (WorkerLink worker in gone)
            worker.Leave(view.Leaving.Contains(worker.Address));
        foreach (string silo in unknown)
            _ = DescribeAsync(silo);
    }

    private async Task DescribeAsync(string silo)
    {
        try
        {
            var grain = _client.GetGrain<IWorkerGrain>(silo);
            WorkerDescription? description = await grain.DescribeAsync().WaitAsync(_stop.Token).ConfigureAwait(false);
            if (description is null)
                return; // a silo that does not draw
            lock (_lock)
            {
                if (!_asked.Contains(silo) || _workers.Any(worker => worker.Address == silo))
                    return; // it has left meanwhile, or was asked twice
                _workers = _workers.Add(new WorkerLink(silo, grain, description));
            }

            Tell();
        }
        catch (Exception e)
        {
            Failure = e;
            lock (_lock)
                _asked.Remove(silo); // asked again
        }
    }

    private void Tell()
    {
        foreach (BlockPool pool in _pools)
        {
            try
            {
                pool.Look(_workers);
            }
            catch (Exception e)
            {
                Failure = e; // a worker whose description cannot be read must not end the watch; told when a call finds no worker
            }
        }
    }
}
