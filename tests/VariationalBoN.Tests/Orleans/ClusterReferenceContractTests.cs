using VariationalBoN.Orleans;
using VariationalBoN.Orleans.Clients;
using VariationalBoN.Policies;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Orleans;

/// <summary>The reference of a cluster of one worker as a source.</summary>
[ContractOf(typeof(ClusterReferenceSource))]
public sealed class ClusterReferenceContractTests() : CompletionSourceContract(drawsFromReference: true), IAsyncLifetime
{
    private readonly List<Func<Task>> _closing = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (Func<Task> close in Enumerable.Reverse(_closing))
            await close();
    }

    protected override ICompletionSource Source(IPolicy policy, Scorer scorer)
    {
        if (policy is not TabularPolicy) // one that fails: what is drawn from is the reference
            scorer = new Scorer(policy, scorer.Reward, scorer.Options);
        var fixture = new ClusterFixture();
        _closing.Add(() => fixture.DisposeAsync());
        fixture.DeployAsync(() => new ClusterWorker(scorer)).GetAwaiter().GetResult();
        WorkerCluster cluster = fixture.ConnectAsync(scorer.Origin).GetAwaiter().GetResult();
        _closing.Add(() => cluster.DisposeAsync().AsTask());
        return cluster.Reference;
    }
}
