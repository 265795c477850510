using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Orleans.Silos;

/// <summary>The devices of a silo, and the blocks that are under way on them. Thread-safe.</summary>
/// <remarks>Models are made before the silo joins the cluster: one that is there can draw.</remarks>
internal sealed class WorkerHost(
    IServiceProvider services,
    WorkerSetup setup,
    ILocalSiloDetails silo,
    IOptions<SiloMessagingOptions> messaging,
    Serializer serializer
) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly ConcurrentDictionary<Guid, RunningBlock> _blocks = [];
    private readonly Lock _beginning = new();
    private ImmutableArray<WorkerDevice> _devices = [];
    private WorkerDescription? _description;
    private volatile bool _isStopping;
    private WeightsCache? _weights;
    private Timer? _abandoned;

    /// <summary>What the silo draws and scores with; null where it stops.</summary>
    public WorkerDescription? Description => _isStopping ? null : _description;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(WorkerHost), ServiceLifecycleStage.RuntimeInitialize, StartAsync, StopAsync);

    /// <summary>Begins a block; what is wrong with it is told where its result is asked for.</summary>
    public BeginAnswer Begin(BeginRequest request)
    {
        if (_isStopping)
            return BeginAnswer.Leaving;
        if (request.Weights is WeightsVersion version && _weights!.Find(version.Digest) is null)
            return BeginAnswer.NeedsWeights;
        lock (_beginning) // a call that is made again while the first one is here draws nothing
        {
            _blocks.GetOrAdd(
                request.Ticket,
                _ =>
                    request.Device >= 0 && request.Device < _devices.Length
                        ? RunningBlock.Begin(_devices[request.Device], request)
                        : RunningBlock.Failed(
                            new ArgumentException($"The silo has {_devices.Length} devices and none of number " + $"{request.Device}.")
                        )
            );
        }

        return BeginAnswer.Begun;
    }

    /// <summary>Waits a moment for a block.</summary>
    public async Task<PollAnswer> PollAsync(Guid ticket, int milliseconds, int most)
    {
        if (!_blocks.TryGetValue(ticket, out RunningBlock? block))
            return new PollAnswer { State = BlockState.Unknown };
        block.Touch();
        if (!block.Result.IsCompleted)
        {
            using var enough = new CancellationTokenSource();
            await Task.WhenAny(block.Result, Task.Delay(milliseconds, enough.Token));
            await enough.CancelAsync();
        }

        if (!block.Result.IsCompleted)
            return new PollAnswer { State = BlockState.Running };
        if (block.Result.IsCompletedSuccessfully)
        {
            byte[] result = block.Result.Result;
            return new PollAnswer
            {
                State = BlockState.Done,
                Length = result.Length,
                Bytes = result.Length <= most ? result : result[..most],
            };
        }

        if (_isStopping || block.Result.IsCanceled)
            return new PollAnswer { State = BlockState.Leaving };
        Exception failure = block.Result.Exception!.InnerException!;
        if (failure is WeightsGoneException)
        {
            Forget(ticket); // the client hands it over again, and then sends them
            return new PollAnswer { State = BlockState.Unknown };
        }

        return new PollAnswer
        {
            State = BlockState.Failed,
            Failure = KindOf(failure),
            Message = $"{failure.GetType().Name}: {failure.Message}",
        };
    }

    /// <summary>Bytes of a result; null when it is not there any more, as when the silo stops.</summary>
    public byte[]? Read(Guid ticket, int offset, int most)
    {
        if (!_blocks.TryGetValue(ticket, out RunningBlock? block) || !block.Result.IsCompletedSuccessfully)
            return null;
        block.Touch();
        byte[] result = block.Result.Result;
        return result[offset..Math.Min(result.Length, offset + most)];
    }

    /// <summary>Forgets a block, and ends it.</summary>
    public void Forget(Guid ticket)
    {
        if (_blocks.TryRemove(ticket, out RunningBlock? block))
            block.Stop();
    }

    /// <summary>Whether weights are here.</summary>
    public bool HasWeights(string digest) => _weights!.Find(digest) is not null;

    /// <summary>Takes a piece of weights.</summary>
    public void PutWeights(WeightPiece piece) => _weights!.Put(piece);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping = true;
        _abandoned?.Dispose();
        foreach (RunningBlock block in _blocks.Values)
            block.Stop();
        _blocks.Clear();
        foreach (WorkerDevice device in _devices)
            device.Dispose();
        _devices = [];
    }

    private static BlockFailure KindOf(Exception failure) =>
        failure switch
        {
            RewardModelException => BlockFailure.Reward,
            ArithmeticException => BlockFailure.Arithmetic,
            ArgumentException => BlockFailure.Argument,
            _ => BlockFailure.Other,
        };

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

        _abandoned = new Timer(_ => ForgetAbandoned(), null, setup.Options.AbandonedAfter, setup.Options.AbandonedAfter / 4);
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
            Library = LibraryVersion.Text,
            Execution = TorchRuntime.Execution.ToJson(),
            Reference = origin.Reference.ToJson(),
            RewardModel = origin.RewardModel.ToJson(),
            Scoring = origin.Scoring.ToJson(),
            Policy = worker.Policy?.Identity.ToJson(),
            Parameters = ParameterLines.Of(worker.Parameters),
            Losses = [.. worker.Losses.Keys.Order(StringComparer.Ordinal)],
            WeightsFolder = _weights!.Folder,
            MostMessageBytes = messaging.Value.MaxMessageBodySize,
        };
    }

    private Task StopAsync(CancellationToken cancellationToken) => Task.Run(Dispose, CancellationToken.None);

    private void ForgetAbandoned()
    {
        foreach ((Guid ticket, _) in _blocks.Where(block => block.Value.Unasked > setup.Options.AbandonedAfter))
            Forget(ticket);
    }
}
