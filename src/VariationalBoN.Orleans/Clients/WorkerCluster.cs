using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using VariationalBoN.Orleans.Clients;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.References;

namespace VariationalBoN.Orleans;

/// <summary>The workers of a cluster, as a client uses them:
/// a source of reference samples, and what a learner needs. Thread-safe.</summary>
/// <remarks>
/// A block goes to a device that is free. A block whose worker is lost is done again by another worker, with equal bits; no sample is
/// lost, and none comes twice. A worker with other models, another version of this library or another <see cref="TorchRuntime.Execution"/>
/// gets no blocks, and <see cref="WorkerClusterOptions.Logger"/> receives a warning. Dispose of it before the client.
/// </remarks>
[Experimental(ExperimentalIds.Cluster)]
public sealed class WorkerCluster : IAsyncDisposable
{
    private readonly WorkerWatch _watch;
    private readonly BlockPool _pool;
    private IHost? _host; // of a client of its own

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
    /// <see cref="ReferenceTable.EstimateAsync(ICompletionSource, IReadOnlyList{Prompt}, ReferenceTableOptions, CancellationToken)"/>.
    /// </summary>
    /// <remarks>
    /// Each call is one block, which one device draws, so that its bits are those of a call in one process; calls may run at once:
    /// <see cref="References.ReferenceTableOptions.BatchesAtOnce"/> of some 3 for each device keeps all of them busy.
    /// </remarks>
    public ICompletionSource Reference { get; }

    /// <summary>The workers that are there now.</summary>
    public ImmutableArray<WorkerStatus> Workers => _pool.Workers;

    /// <summary>How the client uses the cluster.</summary>
    internal WorkerClusterOptions Options { get; }

    /// <summary>Says what happens to workers.</summary>
    internal ClusterLog Log { get; }

    /// <summary>Writes and reads messages.</summary>
    internal Serializer Serializer { get; }

    /// <summary>What the workers are.</summary>
    internal ClusterAgreement Agreement { get; }

    /// <summary>Connects a client of its own, for a program that is no host, and looks for workers. An application with a host has
    /// <see cref="ClusterClientExtensions.ConnectVariationalBoNAsync"/>.</summary>
    /// <param name="configure">Says where the cluster is: <c>client => client.UseLocalhostClustering()</c>. Logs of Orleans are
    /// dropped. To set how long it tries to connect, call <see cref="ClientBuilderExtensions.AddVariationalBoN"/> there.</param>
    /// <param name="options">What workers must be, and time limits; null for the defaults.</param>
    /// <param name="cancellationToken">Stops connecting and looking.</param>
    /// <returns>The workers, the caller's to dispose, which ends the client.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message names every fault.</exception>
    /// <exception cref="ClusterException">No silo answered, no worker came in time, or all were refused;
    /// the message names each and why.</exception>
    public static async Task<WorkerCluster> ConnectAsync(
        Action<IClientBuilder> configure,
        WorkerClusterOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(configure);
        IHost host = HostOf(configure);
        try
        {
            await host.StartAsync(cancellationToken).ConfigureAwait(false);
            var client = host.Services.GetRequiredService<IClusterClient>();
            WorkerCluster cluster = await client.ConnectVariationalBoNAsync(options, cancellationToken).ConfigureAwait(false);
            cluster._host = host;
            return cluster;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Creates a learner, which trains a policy with the workers: it
    /// publishes weights, with which they draw and compute gradients.</summary>
    /// <param name="own">What is trained and published, made by the same code as at each worker; still the caller's to dispose, after the
    /// learner. Workers with another policy, other parameters or losses are given nothing of this learner.</param>
    /// <param name="options">How stale rollouts may be, how they are cut; null for the defaults.</param>
    /// <returns>The learner, the caller's to dispose before this cluster.</returns>
    /// <exception cref="ArgumentException">There is no policy or parameter, one stands twice,
    /// its scorer is not that of the workers, or an option is out of range.</exception>
    /// <exception cref="ObjectDisposedException">This cluster is disposed of.</exception>
    public ClusterLearner CreateLearner(ClusterWorker own, ClusterLearnerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(own);
        options ??= new ClusterLearnerOptions();
        options.Validate();
        return new ClusterLearner(this, _watch, own, options);
    }

    /// <summary>Stops handing out blocks; those under way are ended here and at the workers.</summary>
    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _watch.DisposeAsync().ConfigureAwait(false);
        if (Interlocked.Exchange(ref _host, null) is { } host)
        {
            await host.StopAsync().ConfigureAwait(false);
            host.Dispose();
        }
    }

    /// <summary>A host of a client alone, which leaves the signals to the program.</summary>
    internal static IHost HostOf(Action<IClientBuilder> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, CallersLifetime>());
        builder.UseOrleansClient(client => configure(client.AddVariationalBoN()));
        return builder.Build();
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
