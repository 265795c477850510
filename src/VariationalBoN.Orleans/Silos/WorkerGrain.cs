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

    public Task<PollAnswer> PollAsync(Guid ticket, int milliseconds, int most) => Host.PollAsync(ticket, milliseconds, most);

    public Task<byte[]?> ReadAsync(Guid ticket, int offset, int most) => Task.FromResult(Host.Read(ticket, offset, most));

    public Task ForgetAsync(Guid ticket)
    {
        _host?.Forget(ticket);
        return Task.CompletedTask;
    }

    public Task<bool> HasWeightsAsync(string digest) => Task.Run(() => Host.HasWeights(digest));

    public Task PutWeightsAsync(WeightPiece piece) => Task.Run(() => Host.PutWeights(piece));

    private WorkerHost Host =>
        _host ?? throw new InvalidOperationException("The silo has no worker; give AddVariationalBoN a function that makes one.");
}
