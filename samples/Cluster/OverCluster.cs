using VariationalBoN;
using VariationalBoN.Orleans;
using VariationalBoN.Training;

namespace Cluster;

/// <summary>Over the workers of a cluster.</summary>
internal sealed class OverCluster(WorkerCluster cluster, ClusterLearner learner, Settings settings) : IEngine
{
    private ClusterRollouts? _rollouts; // the last

    public ICompletionSource Reference => cluster.Reference;

    public int BlocksAtOnce => 9; // three for each of three workers

    /// <summary>Half way, waits for the worker that comes after the kill, so that it takes part.</summary>
    public async Task ReadyAsync(long step, CancellationToken cancellationToken)
    {
        if (step != settings.Steps / 2)
            return;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        while (
            !File.Exists(settings.Newcomer)
            || !cluster.Workers.Any(worker =>
                worker.Refused is null && worker.Name.StartsWith(File.ReadAllText(settings.Newcomer) + " ", StringComparison.Ordinal)
            )
        )
            await Task.Delay(TimeSpan.FromSeconds(0.1), limit.Token);
    }

    public async Task<ScoredBatch> RolloutsAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        long seed,
        CancellationToken cancellationToken
    )
    {
        learner.Publish();
        _rollouts = await learner.RolloutsAsync(prompts, completionsPerPrompt, seed, cancellationToken);
        return _rollouts.Scored;
    }

    public Task<AccumulatedLoss> BackwardAsync(ScoredBatch scored, double[] targets, CancellationToken cancellationToken) =>
        _rollouts is { } last && ReferenceEquals(last.Scored, scored)
            ? learner.BackwardAsync(last, targets, Settings.CompletionsPerPart, cancellationToken)
            : throw new ArgumentException(
                "The batch is not that of the last rollouts; draw, then train on what was drawn.",
                nameof(scored)
            );
}
