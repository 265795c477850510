namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>
/// The counts of a <see cref="CompletionService"/>, such as requests that run, wait and have ended:
/// for a health check and for metrics. Immutable, thread-safe.
/// </summary>
/// <param name="Waiting">Requests that wait for a place.</param>
/// <param name="Running">Requests that are being drawn.</param>
/// <param name="Finished">Requests that were drawn to their end, a stop sequence included.</param>
/// <param name="Cancelled">Requests whose caller cancelled them before.</param>
/// <param name="Failed">Requests that ended in an error of model or policy, or with the service.
/// What was refused before it waited is not counted.</param>
/// <param name="Tokens">Tokens that were drawn.</param>
public readonly record struct CompletionServiceStatistics(
    int Waiting,
    int Running,
    long Finished,
    long Cancelled,
    long Failed,
    long Tokens
);
