using VariationalBoN;
using VariationalBoN.Losses;
using VariationalBoN.Orleans;
using VariationalBoN.Training;

namespace Cluster;

/// <summary>Over the workers of a cluster.</summary>
internal sealed class OverCluster(WorkerCluster cluster, ClusterLearner learner) : IEngine
{
    public ICompletionSource Reference => cluster.Reference;

    public int BlocksAtOnce => 9; // three for each of three workers

    public async Task<ScoredBatch> RolloutsAsync(IReadOnlyList<Prompt> prompts, int completionsPerPrompt, long seed,
        CancellationToken cancellationToken)
    {
        learner.Publish();
        return (await learner.RolloutsAsync(prompts, completionsPerPrompt, seed, cancellationToken)).Scored;
    }

    public Task<AccumulatedLoss> BackwardAsync(ScoredBatch scored, double[] targets, CancellationToken cancellationToken) =>
        learner.BackwardAsync(
        scored, Settings.CompletionsPerPart, ScoreFunction.Average, ReviewWorld.LossName, new Dictionary<string,
            double[]> { ["targets"] = targets }, cancellationToken);
}
