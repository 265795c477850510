using System.Collections.Concurrent;
using System.Reflection;
using VariationalBoN.Orleans.Clients;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Tests.Orleans;

/// <summary>A cluster without silos: a client whose grains are those that a test gives, by the addresses of their silos.</summary>
internal sealed class FakeCluster : IClusterViewGrain
{
    private readonly ConcurrentDictionary<string, FakeWorker> _workers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _leaving = new(StringComparer.Ordinal);
    private long _version;

    internal FakeCluster()
    {
        Client = DispatchProxy.Create<global::Orleans.IClusterClient, Proxy>();
        ((Proxy)(object)Client).Cluster = this;
    }

    internal global::Orleans.IClusterClient Client { get; }

    internal FakeWorker Add(string address, FakeWorker worker)
    {
        _workers[address] = worker;
        return worker;
    }

    /// <summary>A silo dies, or stops in good order.</summary>
    internal void Remove(string address, bool isLeaving = false)
    {
        if (isLeaving)
            _leaving[address] = true;
        _workers.TryRemove(address, out _);
    }

    public Task<ClusterView> ViewAsync() =>
        Task.FromResult(new ClusterView(Interlocked.Increment(ref _version), [.. _workers.Keys], [.. _leaving.Keys]));

#pragma warning disable CA1852 // DispatchProxy derives from it
    public class Proxy : DispatchProxy
    {
        internal FakeCluster? Cluster { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.ReturnType == typeof(IClusterViewGrain) ? Cluster
            : targetMethod.ReturnType == typeof(IWorkerGrain) ? Cluster!._workers[(string)args![0]!]
            : throw new NotSupportedException(targetMethod.Name);
    }
}

/// <summary>The door to a worker that answers as a test says; without a word of it, as one that is at a block for ever.</summary>
internal sealed class FakeWorker(string name) : IWorkerGrain
{
    internal Func<BeginRequest, Task<BeginAnswer>> OnBegin { get; init; } = _ => Task.FromResult(BeginAnswer.Begun);

    internal Func<Task<PollAnswer>> OnPoll { get; init; } =
        async () =>
        {
            await Task.Delay(20);
            return new PollAnswer { State = BlockState.Running };
        };

    internal Func<int, int, Task<byte[]?>> OnRead { get; init; } = (_, _) => throw new NotSupportedException();

    internal bool HasWeights { get; init; } = true;

    internal ConcurrentBag<Guid> Forgotten { get; } = [];

    internal int Begins;

    internal WorkerLink Link => new(name, this, Description);

    internal WorkerDescription Description { get; init; } =
        new()
        {
            Silo = name,
            Machine = "machine",
            Process = 1,
            Devices = 1,
            Library = LibraryBuild.Text,
            Execution = TorchRuntime.Execution.ToJson(),
            Reference = new ModelIdentity("reference").ToJson(),
            RewardModel = new ModelIdentity("judge").ToJson(),
            Scoring = new ModelIdentity("scoring").ToJson(),
            Parameters = "",
            Losses = [],
            WeightsFolder = "folder",
            MostMessageBytes = 1 << 20,
        };

    /// <summary>One whose answer is a result.</summary>
    internal static FakeWorker Done(string name, byte[] result) =>
        new(name)
        {
            OnPoll = () =>
                Task.FromResult(
                    new PollAnswer
                    {
                        State = BlockState.Done,
                        Length = result.Length,
                        Bytes = result,
                    }
                ),
        };

    public Task<WorkerDescription?> DescribeAsync() => Task.FromResult<WorkerDescription?>(Description);

    public Task<BeginAnswer> BeginAsync(BeginRequest request)
    {
        Interlocked.Increment(ref Begins);
        return OnBegin(request);
    }

    public Task<PollAnswer> PollAsync(Guid ticket, int milliseconds, int most) => OnPoll();

    public Task<byte[]?> ReadAsync(Guid ticket, int offset, int most) => OnRead(offset, most);

    public Task ForgetAsync(Guid ticket)
    {
        Forgotten.Add(ticket);
        return Task.CompletedTask;
    }

    public Task<bool> HasWeightsAsync(string digest) => Task.FromResult(HasWeights);

    public Task PutWeightsAsync(WeightPiece piece) => Task.CompletedTask;
}
