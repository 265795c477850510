using TorchSharp;
using VariationalBoN.Orleans;
using VariationalBoN.Policies;
using VariationalBoN.Training;

namespace VariationalBoN.Tests.Orleans;

/// <summary>A <see cref="TableWorld"/> with a policy that trains.</summary>
internal static class TrainedWorld
{
    internal const string LossName = "score function";

    internal static torch.Tensor Loss(torch.Tensor logProb, BatchPart part, IReadOnlyDictionary<string, double[]> numbers) =>
        ScoreFunction.Loss(logProb, part.Of(numbers["targets"]), part.Groups);

    /// <summary>What a silo is given.</summary>
    internal static ClusterWorker Worker() => Worker(Loss, null);

    /// <summary>The same with another loss, or another version of it.</summary>
    internal static ClusterWorker Worker(GradientLoss loss, string? version)
    {
        TabularPolicy reference = TableWorld.Reference();
        return Worker(reference, reference.Clone(), null, loss, version);
    }

    /// <summary>The same, whose judge waits before each batch.</summary>
    internal static ClusterWorker Worker(Func<CancellationToken, Task> beforeBatch)
    {
        TabularPolicy reference = TableWorld.Reference();
        return Worker(reference, reference.Clone(), beforeBatch: beforeBatch);
    }

    /// <summary>A worker of a policy, or what a learner trains; it owns both.</summary>
    internal static ClusterWorker Worker(
        TabularPolicy reference,
        TabularPolicy policy,
        Func<Completion, double>? reward = null,
        GradientLoss? loss = null,
        string? version = null,
        string parameter = "logits",
        Func<CancellationToken, Task>? beforeBatch = null
    ) =>
        new(TableWorld.Scorer(reference, reward: reward, beforeBatch: beforeBatch))
        {
            Policy = policy,
            Parameters = [(parameter, policy.Logits)],
            Losses = new Dictionary<string, GradientLoss> { [LossName] = loss ?? Loss },
            LossVersion = version,
            Owned = [policy, reference],
        };
}
