using VariationalBoN.Orleans;
using VariationalBoN.Policies;
using VariationalBoN.Tests.References;

namespace VariationalBoN.Tests.Orleans;

/// <summary>A learner of one worker as a source: the worker's policy begins elsewhere and gets its weights by publication.</summary>
[ContractOf(typeof(ClusterLearner))]
public sealed class ClusterLearnerContractTests : CompletionSourceContract, IAsyncLifetime
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
        TabularPolicy own = policy as TabularPolicy ?? new TabularPolicy(Prompts, 5, 2),
            theirs = new(own.Prompts, own.VocabularySize, own.Length);
        IPolicy copy = policy is TabularPolicy ? theirs : policy; // others have no weights of their own: those that go round change nothing
        var fixture = new ClusterFixture();
        _closing.Add(() =>
        {
            theirs.Dispose();
            return fixture.DisposeAsync();
        });
        fixture
            .DeployAsync(() => new ClusterWorker(scorer) { Policy = copy, Parameters = [("logits", theirs.Logits)] })
            .GetAwaiter()
            .GetResult();
        WorkerCluster cluster = fixture.ConnectAsync(scorer.Origin).GetAwaiter().GetResult();
        ClusterLearner learner = cluster.CreateLearner(new(scorer) { Policy = policy, Parameters = [("logits", own.Logits)] });
        _closing.Add(() => cluster.DisposeAsync().AsTask());
        _closing.Add(() => learner.DisposeAsync().AsTask());
        learner.Publish();
        return learner;
    }
}
