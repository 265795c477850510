namespace VariationalBoN.Orleans.Internal;

/// <summary>Which silos the one that a client is connected with takes for active.</summary>
[Alias("VariationalBoN.IClusterViewGrain")]
internal interface IClusterViewGrain : IGrainWithIntegerKey
{
    /// <summary>What it knows.</summary>
    [Alias("View")]
    [ResponseTimeout(WorkerCalls.Timeout)]
    Task<ClusterView> ViewAsync();
}
