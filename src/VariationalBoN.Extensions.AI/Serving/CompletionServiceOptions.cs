using Microsoft.Extensions.Logging;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>How many requests a <see cref="CompletionService"/> takes. Immutable, thread-safe;
/// checked where it is used, all faults in one message.</summary>
public sealed record CompletionServiceOptions
{
    /// <summary>The most requests that wait while all places are taken, at least 1; one more is refused with
    /// <see cref="ServiceBusyException"/>.</summary>
    /// <value>Default 256.</value>
    public int MaxWaiting { get; init; } = 256;

    /// <summary>
    /// The most requests of one call of a policy that shares no decode, at least 1. A <see cref="CausalLmPolicy"/> runs as many at once
    /// as its <see cref="GenerationOptions.RowsPerBatch"/>.
    /// </summary>
    /// <value>Default 64.</value>
    public int MaxBatchSize { get; init; } = 64;

    /// <summary>Receives a message when the service ends because of an error, and
    /// a warning when the context length of the policy is not known.</summary>
    /// <value>Default null: that of the policy (<see cref="GenerationOptions.Logger"/>) where it is a <see cref="CausalLmPolicy"/>.</value>
    public ILogger? Logger { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (MaxWaiting < 1)
            faults.Add($"MaxWaiting is {MaxWaiting}; it must be at least 1");
        if (MaxBatchSize < 1)
            faults.Add($"MaxBatchSize is {MaxBatchSize}; it must be at least 1");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the completion service are not usable: {string.Join("; ", faults)}.");
    }
}
