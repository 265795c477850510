namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>What a <see cref="CompletionService"/> does and has done: for a health check and for metrics. Immutable, thread-safe.</summary>
/// <param name="Waiting">Requests that wait for a place.</param>
/// <param name="Running">Requests that are being drawn.</param>
/// <param name="Finished">Requests that were drawn to their end, a stop sequence included.</param>
/// <param name="Cancelled">Requests whose asker went away before.</param>
/// <param name="Failed">Requests that ended in an error of model or policy, or with the service. What was refused before it waited is not
/// counted.</param>
/// <param name="Tokens">Tokens that were drawn.</param>
public readonly record struct CompletionServiceStatistics(
    int Waiting,
    int Running,
    long Finished,
    long Cancelled,
    long Failed,
    long Tokens
);
