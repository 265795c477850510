using VariationalBoN.Orleans.Internal;

#pragma warning disable CA1001 // the source is cancelled once and for all, and holds no timer and no handle

namespace VariationalBoN.Orleans.Clients;

/// <summary>A worker as one pool uses it: why it is refused, or hands,
/// each of which takes blocks for a device as long as the worker is there. Thread-safe.</summary>
/// <param name="pool">The pool.</param>
/// <param name="worker">The worker.</param>
/// <param name="options">How many blocks a device is given at once.</param>
internal sealed class PoolMember(BlockPool pool, WorkerLink worker, WorkerClusterOptions options)
{
    private readonly CancellationTokenSource _refused = new();
    private int _hands;

    /// <summary>The worker.</summary>
    public WorkerLink Worker => worker;

    /// <summary>Why it is given no blocks; null where it is.</summary>
    public string? Refusal { get; private set; }

    /// <summary>How many hands take blocks.</summary>
    public int Hands => Volatile.Read(ref _hands);

    /// <summary>Gives it no blocks, or none any more.</summary>
    public void Refuse(string reason)
    {
        lock (_refused)
        {
            if (Refusal is not null)
                return;
            Refusal = reason;
        }

        ClusterMetrics.Refused.Add(1);
        pool.Log.Refused(worker.Description.Name, reason);
        _refused.Cancel();
    }

    /// <summary>Takes blocks until the worker leaves or is refused, or the pool closes.</summary>
    public Task RunAsync()
    {
        int hands = worker.Description.Devices * options.BlocksPerDevice;
        Volatile.Write(ref _hands, hands);
        return Task.WhenAll(Enumerable.Range(0, hands).Select(hand => Task.Run(() => WorkAsync(hand % worker.Description.Devices))));
    }

    /// <summary>One hand of a device: takes a block and stays with it until it has ended.</summary>
    private async Task WorkAsync(int device)
    {
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(pool.Closed, worker.Gone, _refused.Token);
        try
        {
            while (await pool.Waiting.WaitToReadAsync(leave.Token).ConfigureAwait(false))
            {
                if (!leave.IsCancellationRequested && pool.Waiting.TryRead(out BlockWork? work) && !work.HasEnded)
                    await HandleAsync(work, device, leave.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // the worker has left or is refused, or the pool is closed
        }
        finally
        {
            Interlocked.Decrement(ref _hands);
        }
    }

    private async Task HandleAsync(BlockWork work, int device, CancellationToken leave)
    {
        var dialogue = new BlockDialogue(worker, device, work, options);
        try
        {
            await dialogue.RunAsync(leave).ConfigureAwait(false);
        }
        catch (RefusedWorkerException e)
        {
            Refuse(e.Message);
            pool.Again(work);
        }
        catch (LostWorkerException e)
        {
            pool.Lose(work, worker, e, dialogue.IsOnDevice);
        }
        catch (OperationCanceledException e) when (worker.Gone.IsCancellationRequested)
        {
            pool.Lose(work, worker, e, dialogue.IsOnDevice);
        }
        catch (OperationCanceledException) when (leave.IsCancellationRequested)
        {
            pool.Again(work);
        }
        catch (Exception e)
        {
            work.Fail(e);
        }
    }
}
