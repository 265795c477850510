using VariationalBoN;
using VariationalBoN.Orleans;
using VariationalBoN.Training;

namespace Cluster;

/// <summary>Over the workers of a cluster.</summary>
internal sealed class OverCluster(WorkerCluster cluster, ClusterLearner learner, Settings settings) : IEngine
{
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
        return (await learner.RolloutsAsync(prompts, completionsPerPrompt, seed, cancellationToken)).Scored;
    }

    public Task<AccumulatedLoss> BackwardAsync(ScoredBatch scored, double[] targets, CancellationToken cancellationToken) =>
        learner.BackwardAsync(
            scored,
            Settings.CompletionsPerPart,
            ScoreFunction.Average,
            ReviewWorld.LossName,
            new Dictionary<string, double[]> { ["targets"] = targets },
            cancellationToken
        );
}
