using System.Collections.Immutable;

namespace VariationalBoN.Training;

/// <summary>One checkpoint on disk. Immutable, thread-safe.</summary>
/// <param name="Step">The number of steps that were done when it was written: training goes on with this step, counted from 0.</param>
/// <param name="Folder">Its folder, which holds a file for each part and <c>checkpoint.json</c>.</param>
/// <param name="Metrics">The metrics that it was saved with.</param>
public sealed record Checkpoint(long Step, string Folder, ImmutableDictionary<string, double> Metrics);
