using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace VariationalBoN.Orleans;

/// <summary>How a client uses a cluster. Immutable, thread-safe; checked when it connects, all faults in one message.</summary>
[Experimental(ExperimentalIds.Cluster)]
public sealed record WorkerClusterOptions
{
    /// <summary>What the reference, the reward model and the way of scoring must be:
    /// <see cref="Scorer.Origin"/> of your own scorer. Workers with others are refused.</summary>
    /// <value>Default null: that of the first worker that answers; the others must equal it.</value>
    public ScoringIdentity? Origin { get; init; }

    /// <summary>What the bits of a draw depend on beside models and settings: <see cref="TorchRuntime.Execution"/> of the process whose
    /// bits are wanted. Workers with another are refused.</summary>
    /// <value>Default null: that of the first worker that answers; the others must equal it.</value>
    public ModelIdentity? Execution { get; init; }

    /// <summary>Whether workers may differ in <see cref="Execution"/>, such as processors of several kinds.
    /// Then a block that is drawn again elsewhere has the same distribution, but not the same bits.</summary>
    /// <value>Default false.</value>
    public bool AnyExecution { get; init; }

    /// <summary>How many blocks are handed to a device at once, at least 1:
    /// one is drawn while the next one waits, so that the device need not wait for the network.</summary>
    /// <value>Default 2.</value>
    public int BlocksPerDevice { get; init; } = 2;

    /// <summary>How long to wait for a first worker, or for another one when there is none left, until a call fails.</summary>
    /// <value>Default 30 seconds.</value>
    public TimeSpan WaitForWorkers { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After how long a worker is given up that answers no call, although the cluster takes it for alive.</summary>
    /// <value>Default 30 seconds; one that has died is noticed by the cluster within 5.</value>
    public TimeSpan SilentAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Receives warnings: once for each worker that is refused,
    /// with the reason, and for each block whose worker was lost.</summary>
    /// <value>Default null: nothing is said.</value>
    public ILogger? Logger { get; init; }

    /// <summary>The longest message body that the client takes.</summary>
    internal int MostMessageBytes { get; init; } = int.MaxValue;

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (BlocksPerDevice < 1)
            faults.Add($"BlocksPerDevice is {BlocksPerDevice}; it must be at least 1");
        if (WaitForWorkers < TimeSpan.Zero)
            faults.Add($"WaitForWorkers is {WaitForWorkers}; it must not be negative");
        if (SilentAfter < TimeSpan.FromSeconds(5))
            faults.Add($"SilentAfter is {SilentAfter}; it must be at least 5 seconds, which one call may take");
        if (AnyExecution && Execution is not null)
            faults.Add("AnyExecution is true and Execution is given; leave one of them");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the cluster are not usable: {string.Join("; ", faults)}.");
    }
}
