using System.Collections.Immutable;
using System.Globalization;
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
    private static readonly Action<ILogger, string, int, string, Exception?> s_unended = LoggerMessage.Define<string, int, string>(
        LogLevel.Warning,
        new EventId(16, "BlockUnended"),
        "The silo {Silo} stops, but the block of device {Device} has not ended within {Limit}, for example because a judge ignores its "
            + "cancellation token. The block is abandoned. Give judges time limits."
    );

    private static readonly Action<ILogger, string, int, Exception?> s_undisposed = LoggerMessage.Define<string, int>(
        LogLevel.Error,
        new EventId(17, "WorkerUndisposed"),
        "The silo {Silo} stops, and the worker of device {Device} threw an exception when it was disposed."
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

    /// <summary>Stops, where the silo did not do so in order, such as when its start has failed.</summary>
    public void Dispose()
    {
        if (_closed is null)
            StopAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

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
                try
                {
                    return (made, Describe(made));
                }
                catch
                {
                    made.Dispose();
                    throw;
                }
            });
            _devices = _devices.Add(new WorkerDevice(worker, _weights, serializer));
            _description ??= description;
            string[] differences = [.. Differences(_description, description, $"device {number}")];
            if (differences.Length > 0)
                throw new InvalidOperationException(
                    $"Device {number} of the silo {silo.Name} has other models, parameters or losses than device 0; all devices of a silo "
                        + $"must have the same: {string.Join("; ", differences)}"
                );
        }

        _blocks = new RunningBlocks(_devices, setup.Options.AbandonedAfter);
        _abandoned = new Timer(_ => _blocks.ForgetAbandoned(), null, setup.Options.AbandonedAfter, setup.Options.AbandonedAfter / 4);
    }

    private static IEnumerable<string> Differences(WorkerDescription first, WorkerDescription other, string name)
    {
        const string First = "device 0";
        foreach (string difference in first.Origin.Differences(other.Origin, First, name))
            yield return difference;
        if ((first.Policy is null) != (other.Policy is null))
            yield return $"{(first.Policy is null ? First : name)} has no policy";
        else if (first.Policy is not null)
        {
            foreach (string difference in ModelIdentity.Parse(first.Policy).Differences(ModelIdentity.Parse(other.Policy!)))
                yield return $"the policy of {First} and of {name}: {difference}";
        }

        if (ParameterLines.Difference(first.Parameters, other.Parameters, First, name) is string parameters)
            yield return parameters;
        if (
            (LossNames.Difference(first.Losses, other.Losses, First, name) ?? LossNames.Difference(other.Losses, first.Losses, name, First))
            is string losses
        )
            yield return losses;
    }

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
            await Task.WhenAll(closed).WaitAsync(setup.Options.StopWithin, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            string limit =
                e is TimeoutException
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"{setup.Options.StopWithin.TotalSeconds:0.#} seconds ({nameof(ClusterWorkerOptions.StopWithin)})"
                    )
                    : "the time limit of the host's own stop (HostOptions.ShutdownTimeout)";
            for (int device = 0; device < closed.Length; device++)
            {
                if (!closed[device].IsCompleted)
                    s_unended(logger, silo.Name, device, limit, null);
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
            return _closed = [.. _devices.Select(CloseAsync)];
        }
    }

    /// <summary>Closes a device, also long after the limit; what it owns may throw.</summary>
    private async Task CloseAsync(WorkerDevice device, int number)
    {
        try
        {
            await device.CloseAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            s_undisposed(logger, silo.Name, number, e);
        }
    }
}
