using Microsoft.Extensions.Logging;

namespace VariationalBoN.Training;

/// <summary>Which checkpoints of a run are kept.</summary>
/// <remarks>Immutable, thread-safe. Checked where it is used, all faults in one message.</remarks>
public sealed record CheckpointOptions
{
    /// <summary>How many of the latest checkpoints are kept, at least 1.</summary>
    /// <value>Default 2.</value>
    public int KeepLast { get; init; } = 2;

    /// <summary>The metric by which one more checkpoint, the best so far, is kept.</summary>
    /// <value>Default null: the latest alone are kept.</value>
    public string? BestBy { get; init; }

    /// <summary>Whether a higher value of <see cref="BestBy"/> is better.</summary>
    /// <value>Default true.</value>
    public bool HigherIsBetter { get; init; } = true;

    /// <summary>Receives a message for each checkpoint that is saved, and for the one that a run goes on from.</summary>
    /// <value>Default null: nothing is said.</value>
    public ILogger? Logger { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (KeepLast < 1)
            faults.Add($"KeepLast is {KeepLast}; it must be at least 1");
        if (BestBy is not null && string.IsNullOrWhiteSpace(BestBy))
            faults.Add("BestBy is blank; name a metric, or give null");
        if (faults.Count > 0)
            throw new ArgumentException($"The checkpoint options are not usable: {string.Join("; ", faults)}.");
    }
}
