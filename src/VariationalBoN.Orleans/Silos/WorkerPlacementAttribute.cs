using Orleans.Placement;

namespace VariationalBoN.Orleans.Silos;

/// <summary>Chooses <see cref="WorkerPlacement"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class WorkerPlacementAttribute() : PlacementAttribute(new WorkerPlacement());
