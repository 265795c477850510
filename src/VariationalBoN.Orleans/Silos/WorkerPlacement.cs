namespace VariationalBoN.Orleans.Silos;

/// <summary>A grain stands on the silo that its key names, or nowhere.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.WorkerPlacement")]
internal sealed class WorkerPlacement : PlacementStrategy;
