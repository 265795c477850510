using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Orleans;

/// <summary>Finds the workers of a cluster. Stateless, thread-safe.</summary>
[Experimental(ExperimentalIds.Cluster)]
public static class ClusterClientExtensions
{
    /// <summary>Looks for silos with workers (<see cref="SiloBuilderExtensions"/>), and returns when the first worker is found.</summary>
    /// <param name="client">A client that is connected, such as that of <c>UseOrleansClient</c> after its host has started.</param>
    /// <param name="options">What workers must be, and time limits; null for the defaults.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    /// <returns>The workers, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message names every fault.</exception>
    /// <exception cref="ClusterException">No worker came in time, or all were refused; the message names each and why.</exception>
    public static Task<WorkerCluster> ConnectVariationalBoNAsync(
        this IClusterClient client,
        WorkerClusterOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(client);
        return WorkerCluster.ConnectAsync(client, options ?? new WorkerClusterOptions(), cancellationToken);
    }
}
