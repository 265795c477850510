using System.Diagnostics;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Silos;

/// <summary>A block under way. Thread-safe.</summary>
internal sealed class RunningBlock
{
    private readonly CancellationTokenSource _stop;
    private long _asked = Stopwatch.GetTimestamp();

    private RunningBlock(CancellationTokenSource stop, Task<byte[]> result) => (_stop, Result) = (stop, result);

    /// <summary>Its result.</summary>
    public Task<byte[]> Result { get; }

    /// <summary>How long nobody has asked for it.</summary>
    public TimeSpan Unasked => Stopwatch.GetElapsedTime(Volatile.Read(ref _asked));

    /// <summary>Hands a block to a device.</summary>
    public static RunningBlock Begin(WorkerDevice device, BeginRequest request)
    {
        var stop = new CancellationTokenSource();
        return new RunningBlock(stop, device.RunAsync(request, stop.Token));
    }

    /// <summary>A block that cannot be done.</summary>
    public static RunningBlock Failed(Exception failure) => new(new CancellationTokenSource(), Task.FromException<byte[]>(failure));

    /// <summary>Somebody asked for it.</summary>
    public void Touch() => Volatile.Write(ref _asked, Stopwatch.GetTimestamp());

    /// <summary>Ends it; nobody asks for its result any more.</summary>
    public void Stop()
    {
        _stop.Cancel();
        Result.ContinueWith(
            ended => _ = ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
    }
}
