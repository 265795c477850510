using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Orleans;

/// <summary>How a silo works. Immutable, thread-safe; checked when the silo is built, all faults in one message.</summary>
[Experimental(ExperimentalIds.Cluster)]
public sealed record ClusterWorkerOptions
{
    /// <summary>The number of devices of the silo, at least 1: each has models of
    /// its own and draws one block at a time, on a thread of its own.</summary>
    /// <value>Default 1.</value>
    public int Devices { get; init; } = 1;

    /// <summary>Where published weights are kept. Workers of one machine that name the same folder share the files.</summary>
    /// <value>Default null: a folder of the user among those for temporary files.</value>
    public string? WeightsFolder { get; init; }

    /// <summary>How many versions of published weights stay on disk, at least 1; older ones are sent again when they are needed.</summary>
    /// <value>Default 3.</value>
    public int KeptVersions { get; init; } = 3;

    /// <summary>After how long a block is given up when its client, which may have died, no longer asks for it.</summary>
    /// <value>Default 2 minutes.</value>
    public TimeSpan AbandonedAfter { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a silo that stops waits for the blocks of its devices, such as for a judge; then it stops without them
    /// and logs a warning. The time limit of the host's own stop (<c>HostOptions.ShutdownTimeout</c>) counts, too.</summary>
    /// <value>Default 10 seconds.</value>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (Devices < 1)
            faults.Add($"Devices is {Devices}; it must be at least 1");
        if (KeptVersions < 1)
            faults.Add($"KeptVersions is {KeptVersions}; it must be at least 1");
        if (AbandonedAfter < TimeSpan.FromSeconds(10))
            faults.Add($"AbandonedAfter is {AbandonedAfter}; it must be at least 10 seconds, since a client asks about each second");
        if (StopWithin < TimeSpan.Zero)
            faults.Add($"StopWithin is {StopWithin}; it must not be negative");
        if (WeightsFolder is not null && string.IsNullOrWhiteSpace(WeightsFolder))
            faults.Add("WeightsFolder is blank; give a folder, or null");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the cluster worker are not usable: {string.Join("; ", faults)}.");
    }
}
