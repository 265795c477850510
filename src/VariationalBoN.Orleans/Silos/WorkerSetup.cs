namespace VariationalBoN.Orleans.Silos;

/// <summary>What an application registered. Immutable.</summary>
/// <param name="Create">Makes the worker of a device, on its thread.</param>
/// <param name="Options">How the silo works.</param>
internal sealed record WorkerSetup(Func<IServiceProvider, int, ClusterWorker> Create, ClusterWorkerOptions Options);
