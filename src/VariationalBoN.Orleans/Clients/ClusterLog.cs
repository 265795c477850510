using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace VariationalBoN.Orleans.Clients;

/// <summary>What a client says of workers: the events of docs/hosting.md. Thread-safe.</summary>
internal sealed class ClusterLog(ILogger? logger)
{
    private static readonly Action<ILogger, string, string, Exception?> s_refused = LoggerMessage.Define<string, string>(
        LogLevel.Warning,
        new EventId(14, "WorkerRefused"),
        "The worker {Worker} is refused: {Reason}"
    );

    private static readonly Action<ILogger, string, string, Exception?> s_lost = LoggerMessage.Define<string, string>(
        LogLevel.Warning,
        new EventId(15, "WorkerLost"),
        "The worker {Worker} was lost with {Block}, which is given to another one."
    );

    private readonly ConcurrentDictionary<(string Worker, string Reason), bool> _refused = [];

    /// <summary>A worker is given no blocks. One that is refused for draws is refused for rollouts, too: said once.</summary>
    public void Refused(string worker, string reason)
    {
        if (logger is not null && _refused.TryAdd((worker, reason), true))
            Say(() => s_refused(logger, worker, reason, null));
    }

    /// <summary>A block must be done again.</summary>
    public void Lost(string worker, string block, Exception? error)
    {
        if (logger is not null)
            Say(() => s_lost(logger, worker, block, error));
    }

    /// <summary>A logger that throws must not end those that hand blocks out.</summary>
    private static void Say(Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception e)
        {
            Trace.TraceError($"The logger of a {nameof(WorkerCluster)} threw: {e}");
        }
    }
}
