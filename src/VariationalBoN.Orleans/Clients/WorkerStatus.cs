using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Orleans;

/// <summary>A worker as a client sees it. Plain data, immutable, thread-safe.</summary>
/// <param name="Name">Silo, process and machine.</param>
/// <param name="Devices">The number of its devices.</param>
/// <param name="Refused">Why the cluster or learner that was asked gives it no blocks; null where it gets blocks.</param>
/// <param name="Blocks">The number of blocks that it has done for this client.</param>
[Experimental(ExperimentalIds.Cluster)]
public sealed record WorkerStatus(string Name, int Devices, string? Refused, long Blocks);
