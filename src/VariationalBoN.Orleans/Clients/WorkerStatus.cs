using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Orleans;

/// <summary>A worker as a client sees it. Plain data, immutable, thread-safe.</summary>
/// <param name="Name">Silo, process and machine.</param>
/// <param name="Devices">Its devices.</param>
/// <param name="Refused">Why it is given no blocks by the cluster or learner that was asked; null where it is.</param>
/// <param name="Blocks">The blocks that it has done for this client.</param>
[Experimental(ExperimentalIds.Cluster)]
public sealed record WorkerStatus(string Name, int Devices, string? Refused, long Blocks);
