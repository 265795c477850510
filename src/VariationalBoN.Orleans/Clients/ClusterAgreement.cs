using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Clients;

/// <summary>What all workers must be: as the options say, or else as the first one is. Thread-safe.</summary>
internal sealed class ClusterAgreement(WorkerClusterOptions options)
{
    private readonly Lock _lock = new();
    private (ScoringIdentity Origin, string From, string? Execution, string ExecutionFrom)? _agreed;

    /// <summary>What scored completions come from; known once there was a worker.</summary>
    public ScoringIdentity Origin => Agreed.Origin;

    /// <summary>What bits depend on; null where workers may differ.</summary>
    public ModelIdentity? Execution => Agreed.Execution is string execution ? ModelIdentity.Parse(execution) : null;

    /// <summary>Why a worker is refused; null when it is not.</summary>
    public string? RefusalOf(WorkerDescription worker)
    {
        if (worker.Library != LibraryBuild.Text)
            return $"it runs version {worker.Library} of VariationalBoN, and the client {LibraryBuild.Text}. Update both together.";
        lock (_lock)
        {
            bool isFirst = _agreed is null;
            string first = $"the worker {worker.Name}";
            (ScoringIdentity origin, string from, string? execution, string executionFrom) =
                _agreed
                ?? (
                    options.Origin ?? worker.Origin,
                    options.Origin is null ? first : "the client",
                    options.AnyExecution ? null : options.Execution?.ToJson() ?? worker.Execution,
                    options.Execution is null ? first : "the client"
                );
            string[] differences = [.. origin.Differences(worker.Origin, from, "this worker")];
            if (differences.Length > 0)
                return $"{string.Join("; ", differences)}. Start it with the same models and settings.";
            if (execution is not null && execution != worker.Execution)
                return $"the last digits of its results can differ from those of {executionFrom}: "
                    + $"{string.Join("; ", ModelIdentity.Parse(execution).Differences(ModelIdentity.Parse(worker.Execution)))}. Start it "
                    + "with the same settings on a processor of the same kind, or set AnyExecution.";
            if (isFirst)
                _agreed = (origin, from, execution, executionFrom);
            return null;
        }
    }

    private (ScoringIdentity Origin, string From, string? Execution, string ExecutionFrom) Agreed
    {
        get
        {
            lock (_lock)
                return _agreed ?? throw new InvalidOperationException("No worker has answered yet.");
        }
    }
}
