using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.TestingHost;
using VariationalBoN.Orleans;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Tests.Orleans;

#pragma warning disable CA1001 // xunit disposes of it by IAsyncLifetime
/// <summary>One silo that does not draw, as the primary of a development cluster, to which tests add silos with workers.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    private readonly SemaphoreSlim _starting = new(1);
    private Func<ClusterWorker>? _create;
    private ClusterWorkerOptions _options = new();
    private Func<WorkerDescription, WorkerDescription>? _told;
    private InProcessTestCluster? _cluster;

    internal global::Orleans.IClusterClient Client => _cluster!.Client;

    /// <summary>Where published weights are kept.</summary>
    internal string WeightsFolder { get; } = Directory.CreateTempSubdirectory("vbon-weights-").FullName;

    public Task InitializeAsync() => DeployAsync(null);

    /// <summary>Starts the first silo, with a worker where one is given.</summary>
    internal async Task DeployAsync(Func<ClusterWorker>? create, int? mostMessageBytes = null)
    {
        (_create, _options) = (create, new ClusterWorkerOptions { WeightsFolder = WeightsFolder });
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureHost(host => host.Logging.ClearProviders());
        builder.ConfigureSilo(
            (_, silo) =>
            {
                if (_create is { } create)
                    silo.AddVariationalBoN((_, _) => create(), _options);
                else
                    silo.AddVariationalBoN();
                if (_told is { } told)
                    silo.AddIncomingGrainCallFilter(async call =>
                    {
                        await call.Invoke();
                        if (call.Result is WorkerDescription description)
                            call.Result = told(description);
                    });
            }
        );
        builder.ConfigureClient(client =>
        {
            client.AddVariationalBoN();
            if (mostMessageBytes is int most)
                client.Configure<ClientMessagingOptions>(options => options.MaxMessageBodySize = most);
        });
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        _create = null;
    }

    public async Task DisposeAsync()
    {
        await _cluster!.DisposeAsync();
        _starting.Dispose();
        Directory.Delete(WeightsFolder, recursive: true);
    }

    /// <summary>Starts a silo with a worker.</summary>
    /// <param name="create">Makes it.</param>
    /// <param name="options">Changes its options.</param>
    /// <param name="told">Changes what the silo tells of itself.</param>
    internal async Task<InProcessSiloHandle> StartAsync(
        Func<ClusterWorker> create,
        Func<ClusterWorkerOptions, ClusterWorkerOptions>? options = null,
        Func<WorkerDescription, WorkerDescription>? told = null
    )
    {
        await _starting.WaitAsync();
        try
        {
            var own = new ClusterWorkerOptions { WeightsFolder = WeightsFolder };
            (_create, _options, _told) = (create, options?.Invoke(own) ?? own, told);
            return await _cluster!.StartAdditionalSiloAsync();
        }
        finally
        {
            (_create, _told) = (null, null);
            _starting.Release();
        }
    }

    /// <summary>Ends a silo as a machine that dies does: without a word.</summary>
    internal Task KillAsync(InProcessSiloHandle silo) => _cluster!.KillSiloAsync(silo);

    /// <summary>Ends a silo in order.</summary>
    internal Task StopAsync(InProcessSiloHandle silo) => _cluster!.StopSiloAsync(silo);

    /// <summary>The workers whose scored completions have an origin.</summary>
    internal Task<WorkerCluster> ConnectAsync(ScoringIdentity origin, Action<string>? warned = null, double waitSeconds = 30) =>
        Client.ConnectVariationalBoNAsync(
            new WorkerClusterOptions
            {
                Origin = origin,
                Logger = warned is null ? null : HeardLog.Warnings(warned),
                WaitForWorkers = TimeSpan.FromSeconds(waitSeconds),
            }
        );
}
