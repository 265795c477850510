using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Clients;

/// <summary>What workers must be for a learner, beyond what the cluster asks of all. Immutable, thread-safe.</summary>
/// <param name="cluster">What all workers must be.</param>
/// <param name="own">What the learner trains.</param>
internal sealed class LearnerAgreement(ClusterAgreement cluster, ClusterWorker own)
{
    private readonly string _parameters = ParameterLines.Of(own.Parameters);
    private readonly IReadOnlyDictionary<string, string> _losses = own.LossCodes;

    /// <summary>Why a worker is refused; null when it is not.</summary>
    public string? RefusalOf(WorkerDescription worker) =>
        cluster.RefusalOf(worker)
        ?? (
            worker.Policy is null ? $"it has no policy; give it one ({nameof(ClusterWorker)}.{nameof(ClusterWorker.Policy)})."
            : ParameterLines.Difference(_parameters, worker.Parameters) is string difference
                ? $"{difference}. Build the policy by the same code, and list the same parameters."
            : LossNames.Difference(_losses, worker.Losses)
        );
}
