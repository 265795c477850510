using System.Diagnostics;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Silos;

#pragma warning disable CA1001 // the source is cancelled once and for all, and holds no timer and no handle

/// <summary>A block under way. Thread-safe.</summary>
internal sealed class RunningBlock
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _asked = Stopwatch.GetTimestamp();

    /// <summary>Hands a block to a device, which begins with it when its turn comes.</summary>
    public RunningBlock(WorkerDevice device, BeginRequest request) => Result = device.RunAsync(request, _started.SetResult, _stop.Token);

    /// <summary>A block that cannot be done.</summary>
    public RunningBlock(Exception failure)
    {
        Result = Task.FromException<byte[]>(failure);
        _started.SetResult();
    }

    /// <summary>Its result.</summary>
    public Task<byte[]> Result { get; }

    /// <summary>Ends when the device begins with it.</summary>
    public Task Started => _started.Task;

    /// <summary>Whether it was told to end.</summary>
    public bool IsStopped => _stop.IsCancellationRequested;

    /// <summary>How long nobody has asked for it.</summary>
    public TimeSpan Unasked => Stopwatch.GetElapsedTime(Volatile.Read(ref _asked));

    /// <summary>Somebody asked for it.</summary>
    public void Touch() => Volatile.Write(ref _asked, Stopwatch.GetTimestamp());

    /// <summary>Ends it; nobody asks for its result any more.
    /// What judges and models do when their token is cancelled runs elsewhere.</summary>
    public void Stop()
    {
        _stop
            .CancelAsync()
            .Observe(fault => Trace.TraceError($"A block was told to end, and what was registered with its token threw: {fault}"));
        Result.Observe();
    }
}
