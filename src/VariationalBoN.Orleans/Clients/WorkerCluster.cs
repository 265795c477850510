using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using TorchSharp.Modules;
using VariationalBoN.Orleans.Clients;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans;

/// <summary>The workers of a cluster, as a client uses them: a source of reference samples, and what a learner needs.
/// Thread-safe.</summary>
/// <remarks>
/// A block goes to a device that is free. One whose worker is lost is done again by another one, with equal bits; no sample is lost, none
/// comes twice. A worker with other models,
/// another version of this library or other bits is given nothing, and is named to <see cref="WorkerClusterOptions.Logger"/>. Dispose
/// of it before the client.
/// </remarks>
[Experimental(ExperimentalIds.Cluster)]
public sealed class WorkerCluster : IAsyncDisposable
{
    private readonly WorkerWatch _watch;
    private readonly BlockPool _pool;

    private WorkerCluster(IClusterClient client, WorkerClusterOptions options)
    {
        Options = options with
        {
            MostMessageBytes = client.ServiceProvider.GetRequiredService<IOptions<ClientMessagingOptions>>().Value.MaxMessageBodySize,
        };
        Serializer = client.ServiceProvider.GetRequiredService<Serializer>();
        Agreement = new ClusterAgreement(options);
        _watch = new WorkerWatch(client, Options);
        Log = new ClusterLog(options.Logger);
        _pool = new BlockPool(_watch, Agreement.RefusalOf, Options, Log);
        Reference = new ClusterReferenceSource(new ClusterDraws(BlockKind.Reference, _pool, Agreement, Serializer), Agreement);
    }

    /// <summary>Completions of the reference with their rewards: for
    /// <see cref="ReferenceTable.EstimateAsync(ICompletionSource, IReadOnlyList{Prompt}, References.ReferenceTableOptions, CancellationToken)"/>.</summary>
    /// <remarks>
    /// Each call is one block, which one device draws, so that its bits are those of a call in one process; calls may run at once:
    /// <see cref="References.ReferenceTableOptions.BatchesAtOnce"/> of some 3 for each device keeps all of them busy.
    /// </remarks>
    public ICompletionSource Reference { get; }

    /// <summary>The workers that are there now.</summary>
    public ImmutableArray<WorkerStatus> Workers =>
        [
            .. _watch.Workers.Select(worker => new WorkerStatus(
                worker.Description.Name,
                worker.Description.Devices,
                _pool.RefusalOf(worker),
                worker.Blocks
            )),
        ];

    /// <summary>How the client uses the cluster.</summary>
    internal WorkerClusterOptions Options { get; }

    /// <summary>Says what happens to workers.</summary>
    internal ClusterLog Log { get; }

    /// <summary>Writes and reads messages.</summary>
    internal Serializer Serializer { get; }

    /// <summary>What the workers are.</summary>
    internal ClusterAgreement Agreement { get; }

    /// <summary>What trains a policy with the workers: it publishes weights, they draw with them and compute gradients.</summary>
    /// <param name="policy">pi_theta, as each worker builds it too.</param>
    /// <param name="parameters">What is trained and published, by name: the adapters of LoRA, or all weights; the same names at each
    /// worker (<see cref="ClusterWorker.Parameters"/>).</param>
    /// <param name="options">How stale rollouts may be, how they are cut; null for the defaults.</param>
    /// <returns>The learner, the caller's to dispose before this cluster.</returns>
    /// <exception cref="ArgumentException">There is no parameter, one stands twice, or an option is out of range.</exception>
    public ClusterLearner CreateLearner(
        IPolicy policy,
        IEnumerable<(string Name, Parameter Value)> parameters,
        ClusterLearnerOptions? options = null
    )
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(parameters);
        options ??= new ClusterLearnerOptions();
        options.Validate();
        return new ClusterLearner(this, _watch, policy, [.. parameters], options);
    }

    /// <summary>Stops handing out blocks; those under way are ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _watch.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Looks for workers, and gives the cluster once there is one.</summary>
    internal static async Task<WorkerCluster> ConnectAsync(
        IClusterClient client,
        WorkerClusterOptions options,
        CancellationToken cancellationToken
    )
    {
        options.Validate();
        var cluster = new WorkerCluster(client, options);
        try
        {
            await cluster._pool.WaitAsync(cancellationToken).ConfigureAwait(false);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
