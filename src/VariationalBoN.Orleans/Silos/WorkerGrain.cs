using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Silos;

/// <summary>The door to the <see cref="WorkerHost"/> of the silo that its key names; it has no state of its own.</summary>
[Reentrant, WorkerPlacement, GrainType("variationalbon-worker")]
internal sealed class WorkerGrain(IServiceProvider services) : Grain, IWorkerGrain
{
    private readonly WorkerHost? _host = services.GetService<WorkerHost>();

    public Task<WorkerDescription?> DescribeAsync() => Task.FromResult(_host?.Description);

    public Task<BeginAnswer> BeginAsync(BeginRequest request) => Task.Run(() => Host.Begin(request)); // it may read a file

    public Task<PollAnswer> PollAsync(Guid ticket, int milliseconds, int most) => Host.Blocks.PollAsync(ticket, milliseconds, most);

    public Task<byte[]?> ReadAsync(Guid ticket, int offset, int most) => Task.FromResult(Host.Blocks.Read(ticket, offset, most));

    public Task ForgetAsync(Guid ticket)
    {
        Host.Blocks.Forget(ticket);
        return Task.CompletedTask;
    }

    public Task<bool> HasWeightsAsync(string digest) => Task.Run(() => Host.Weights.Find(digest) is not null);

    public Task PutWeightsAsync(WeightPiece piece) => Task.Run(() => Host.Weights.Put(piece));

    private WorkerHost Host =>
        _host ?? throw new InvalidOperationException("The silo has no worker; give AddVariationalBoN a function that makes one.");
}
