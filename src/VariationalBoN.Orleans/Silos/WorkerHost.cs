using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Silos;

/// <summary>The devices of a silo, and the blocks that are under way on them. Thread-safe.</summary>
/// <remarks>Models are made before the silo joins the cluster: one that is there can draw.</remarks>
internal sealed class WorkerHost(
    IServiceProvider services,
    WorkerSetup setup,
    ILocalSiloDetails silo,
    IOptions<SiloMessagingOptions> messaging,
    Serializer serializer,
    ILogger<WorkerHost> logger
) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private static readonly Action<ILogger, string, int, double, Exception?> s_unended = LoggerMessage.Define<string, int, double>(
        LogLevel.Warning,
        new EventId(16, "BlockUnended"),
        "The silo {Silo} stops, but what device {Device} is at has not ended within {Seconds} seconds, such as a judge that does not heed "
            + "its token: it is left behind. Give judges time limits."
    );

    private readonly Lock _closing = new();
    private ImmutableArray<WorkerDevice> _devices = [];
    private WorkerDescription? _description;
    private RunningBlocks? _blocks;
    private WeightsCache? _weights;
    private Timer? _abandoned;
    private Task[]? _closed; // one to each device

    /// <summary>What the silo draws and scores with; null where it stops.</summary>
    public WorkerDescription? Description => _closed is null ? _description : null;

    /// <summary>What is under way.</summary>
    public RunningBlocks Blocks => _blocks!;

    /// <summary>Published weights.</summary>
    public WeightsCache Weights => _weights!;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(WorkerHost), ServiceLifecycleStage.RuntimeInitialize, StartAsync, StopAsync);

    /// <summary>Begins a block where its weights are here.</summary>
    public BeginAnswer Begin(BeginRequest request) =>
        request.Weights is WeightsVersion version && Weights.Find(version.Digest) is null
            ? BeginAnswer.NeedsWeights
            : Blocks.Begin(request);

    /// <summary>Ends what is under way; models are disposed of when it has ended.</summary>
    public void Dispose() => Close();

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        _weights = new WeightsCache(setup.Options.WeightsFolder, setup.Options.KeptVersions);
        for (int device = 0; device < setup.Options.Devices; device++)
        {
            int number = device;
            (ClusterWorker worker, WorkerDescription description) = await OwnThread.RunAsync(() =>
            {
                ClusterWorker made =
                    setup.Create(services, number)
                    ?? throw new InvalidOperationException($"The function that makes the worker of device {number} returned null.");
                return (made, Describe(made));
            });
            _devices = _devices.Add(new WorkerDevice(worker, _weights, serializer));
            _description ??= description;
            if (Comparable(description) != Comparable(_description))
                throw new InvalidOperationException(
                    $"Device {number} of the silo {silo.Name} has other models than device 0; all "
                        + "devices of a silo must have the same: "
                        + $"{string.Join("; ", _description.Origin.Differences(description.Origin, "device 0", $"device {number}"))}."
                );
        }

        _blocks = new RunningBlocks(_devices, setup.Options.AbandonedAfter);
        _abandoned = new Timer(_ => _blocks.ForgetAbandoned(), null, setup.Options.AbandonedAfter, setup.Options.AbandonedAfter / 4);
    }

    private static string Comparable(WorkerDescription one) =>
        string.Join('\n', one.Reference, one.RewardModel, one.Scoring, one.Policy, one.Parameters, string.Join('\n', one.Losses));

    private WorkerDescription Describe(ClusterWorker worker)
    {
        ScoringIdentity origin = worker.Scorer.Origin;
        return new WorkerDescription
        {
            Silo = silo.Name,
            Machine = Environment.MachineName,
            Process = Environment.ProcessId,
            Devices = setup.Options.Devices,
            Library = LibraryBuild.Text,
            Execution = TorchRuntime.Execution.ToJson(),
            Reference = origin.Reference.ToJson(),
            RewardModel = origin.RewardModel.ToJson(),
            Scoring = origin.Scoring.ToJson(),
            Policy = worker.Policy?.Identity.ToJson(),
            Parameters = ParameterLines.Of(worker.Parameters),
            Losses = new Dictionary<string, string>(worker.LossCodes, StringComparer.Ordinal),
            WeightsFolder = Weights.Folder,
            MostMessageBytes = messaging.Value.MaxMessageBodySize,
        };
    }

    /// <summary>Waits for what is under way, but no longer than the silo may take to stop and than the option says.</summary>
    private async Task StopAsync(CancellationToken cancellationToken)
    {
        Task[] closed = Close();
        try
        {
            await Task.WhenAll(closed).WaitAsync(setup.Options.StopWithin, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            for (int device = 0; device < closed.Length; device++)
            {
                if (!closed[device].IsCompleted)
                    s_unended(logger, silo.Name, device, setup.Options.StopWithin.TotalSeconds, null);
            }
        }
    }

    private Task[] Close()
    {
        lock (_closing)
        {
            if (_closed is not null)
                return _closed;
            _abandoned?.Dispose();
            _blocks?.Close();
            return _closed = [.. _devices.Select(device => device.CloseAsync())];
        }
    }
}
