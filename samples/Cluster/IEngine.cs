using VariationalBoN;
using VariationalBoN.Training;

namespace Cluster;

/// <summary>Where a run draws and computes gradients: in this process, or over a cluster.</summary>
internal interface IEngine
{
    /// <summary>Where reference samples come from.</summary>
    ICompletionSource Reference { get; }

    /// <summary>How many blocks of them are asked for at once.</summary>
    int BlocksAtOnce { get; }

    /// <summary>Called before each step.</summary>
    Task ReadyAsync(long step, CancellationToken cancellationToken);

    /// <summary>Completions of the policy as it is now, scored.</summary>
    Task<ScoredBatch> RolloutsAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        long seed,
        CancellationToken cancellationToken
    );

    /// <summary>Adds the gradient of a batch to those of the parameters.</summary>
    Task<AccumulatedLoss> BackwardAsync(ScoredBatch scored, double[] targets, CancellationToken cancellationToken);
}
