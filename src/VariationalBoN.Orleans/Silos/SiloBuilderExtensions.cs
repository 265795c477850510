using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using VariationalBoN.Orleans.Silos;

namespace VariationalBoN.Orleans;

/// <summary>Makes a silo of Orleans a worker of this library. Stateless, thread-safe.</summary>
[Experimental(ExperimentalIds.Cluster)]
public static class SiloBuilderExtensions
{
    /// <summary>Makes a silo one that does not draw, such as the primary one of a development
    /// cluster. Every silo of a cluster needs this method or one of the others.</summary>
    /// <remarks>
    /// Sets Orleans' probes such that a silo that has died is noticed within 5 seconds (each second,
    /// three missed, two votes); what you configure after it counts.
    /// </remarks>
    /// <param name="builder">The silo.</param>
    /// <returns>The silo.</returns>
    public static ISiloBuilder AddVariationalBoN(this ISiloBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.Services.Any(service => service.ServiceType == typeof(WorkerPlacementDirector)))
            return builder;
        builder.Services.AddSingleton<WorkerPlacementDirector>();
        builder.AddPlacementDirector<WorkerPlacement, WorkerPlacementDirector>();
        return builder.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(1);
            options.NumMissedProbesLimit = 3;
            options.NumVotesForDeathDeclaration = 2;
            options.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        });
    }

    /// <summary>Makes a silo draw, score and compute gradients on one device.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="create">
    /// Makes the models, on the thread that uses them, before the silo joins the cluster:
    /// what it throws ends the start of the silo. It is given the services of the silo.
    /// </param>
    /// <returns>The silo.</returns>
    /// <exception cref="InvalidOperationException">The silo has a worker already.</exception>
    public static ISiloBuilder AddVariationalBoN(this ISiloBuilder builder, Func<IServiceProvider, ClusterWorker> create)
    {
        ArgumentNullException.ThrowIfNull(create);
        return builder.AddVariationalBoN((services, _) => create(services), new ClusterWorkerOptions());
    }

    /// <summary>Makes a silo draw, score and compute gradients on one or more devices.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="create">
    /// Makes the models of a device, from 0 on, on the thread that uses them, before the silo joins the cluster: what it throws ends the
    /// start of the silo. All devices
    /// must get the same models.
    /// </param>
    /// <param name="options">Devices, published weights, time limits.</param>
    /// <returns>The silo.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message names every fault.</exception>
    /// <exception cref="InvalidOperationException">The silo has a worker already.</exception>
    public static ISiloBuilder AddVariationalBoN(
        this ISiloBuilder builder,
        Func<IServiceProvider, int, ClusterWorker> create,
        ClusterWorkerOptions options
    )
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (builder.Services.Any(service => service.ServiceType == typeof(WorkerSetup)))
            throw new InvalidOperationException(
                $"The silo has a worker already; call {nameof(AddVariationalBoN)} once, with "
                    + $"{nameof(ClusterWorkerOptions.Devices)} for several devices."
            );
        builder.AddVariationalBoN();
        builder.Services.AddSingleton(new WorkerSetup(create, options));
        builder.Services.AddSingleton<WorkerHost>();
        builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => services.GetRequiredService<WorkerHost>());
        return builder;
    }
}
