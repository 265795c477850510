using System.Collections.Immutable;
using VariationalBoN.Losses;
using VariationalBoN.Orleans.Clients;
using VariationalBoN.Orleans.Internal;
using VariationalBoN.Training;

namespace VariationalBoN.Orleans;

public sealed partial class ClusterLearner
{
    /// <summary>Adds the gradient of the loss of vBoN, <see cref="ScoreFunction"/> with its default baseline, which
    /// workers compute part by part, to that which the parameters hold: call the optimizer's <c>ZeroGrad</c> before. Rollouts that
    /// are too old are refused, as by <see cref="RequireFresh"/>.</summary>
    /// <param name="rollouts">What <see cref="RolloutsAsync"/> gave.</param>
    /// <param name="targets">log g of each completion with a reward: <see cref="ObjectiveExtensions.LogTargets"/>.</param>
    /// <param name="completionsPerPart">The most completions in a part, at least 1; a single larger group stays whole.</param>
    /// <param name="cancellationToken">Stops the workers.</param>
    /// <returns>Loss and log pi_theta of the whole batch.</returns>
    /// <inheritdoc cref="BackwardAsync(ScoredBatch, int, LossAverage, string, IReadOnlyDictionary{string, double[]}, CancellationToken)"
    /// path="/exception"/>
    public Task<AccumulatedLoss> BackwardAsync(
        ClusterRollouts rollouts,
        double[] targets,
        int completionsPerPart,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(targets);
        var numbers = new Dictionary<string, double[]> { [ClusterWorker.Targets] = targets };
        return BackwardAsync(
            rollouts,
            completionsPerPart,
            ScoreFunction.Average,
            ClusterWorker.ScoreFunctionLoss,
            numbers,
            cancellationToken
        );
    }

    /// <summary>Adds the gradient of rollouts, which workers compute part by part, to that which the parameters hold: call the
    /// optimizer's <c>ZeroGrad</c> before. Rollouts that are too old are refused, as by <see cref="RequireFresh"/>.</summary>
    /// <param name="rollouts">What <see cref="RolloutsAsync"/> gave.</param>
    /// <param name="completionsPerPart">The most completions in a part, at least 1; a single larger group stays whole.</param>
    /// <param name="average">What the loss is the mean over.</param>
    /// <param name="loss">The name of the loss (<see cref="ClusterWorker.Losses"/>).</param>
    /// <param name="numbers">What it needs beside the completions, by name,
    /// a number to each completion with a reward; null for nothing.</param>
    /// <param name="cancellationToken">Stops the workers.</param>
    /// <returns>Loss and log pi_theta of the whole batch.</returns>
    /// <inheritdoc cref="BackwardAsync(ScoredBatch, int, LossAverage, string, IReadOnlyDictionary{string, double[]}, CancellationToken)"
    /// path="/exception"/>
    public async Task<AccumulatedLoss> BackwardAsync(
        ClusterRollouts rollouts,
        int completionsPerPart,
        LossAverage average,
        string loss,
        IReadOnlyDictionary<string, double[]>? numbers = null,
        CancellationToken cancellationToken = default
    )
    {
        RequireFresh(rollouts);
        return await BackwardAsync(rollouts.Scored, completionsPerPart, average, loss, numbers, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds the gradient of a batch from anywhere, which workers compute part by part, to that which
    /// the parameters hold: call the optimizer's <c>ZeroGrad</c> before. Its age is not checked.</summary>
    /// <remarks>Equal to the bit to what <see cref="GradientAccumulation.Backward"/>
    /// gives in one process with the same <see cref="Execution"/>.</remarks>
    /// <param name="scored">B completions, at least one; those without a reward take no part.</param>
    /// <param name="completionsPerPart">The most completions in a part, at least 1; a single larger group stays whole.
    /// About B divided by the devices keeps all of them busy.</param>
    /// <param name="average">What the loss is the mean over: <see cref="ScoreFunction.Average"/>, or that of another loss.</param>
    /// <param name="loss">The name of the loss (<see cref="ClusterWorker.Losses"/>).</param>
    /// <param name="numbers">What it needs beside the completions, by name,
    /// a number to each completion with a reward, such as targets; null for nothing.</param>
    /// <param name="cancellationToken">Stops the workers.</param>
    /// <returns>Loss and log pi_theta of the whole batch.</returns>
    /// <exception cref="ArgumentException">The batch has no completion with a reward,
    /// numbers are not B, or there is no such loss.</exception>
    /// <exception cref="InvalidOperationException">The weights have changed since they were published.</exception>
    /// <exception cref="ClusterException">A part cannot be done; the message names worker, part and remedy.</exception>
    public async Task<AccumulatedLoss> BackwardAsync(
        ScoredBatch scored,
        int completionsPerPart,
        LossAverage average,
        string loss,
        IReadOnlyDictionary<string, double[]>? numbers = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentNullException.ThrowIfNull(loss);
        PublishedWeights weights = Last;
        if (_own.LossOf(loss) is null)
            throw new ArgumentException($"At the learner {LossNames.Missing(loss, _own.Losses.Keys)}", nameof(loss));
        ImmutableArray<BatchPart> parts = GradientAccumulation.Cut(scored, completionsPerPart, average);
        numbers ??= ImmutableDictionary<string, double[]>.Empty;
        foreach ((string name, double[] values) in numbers)
        {
            if (values.Length != scored.Count)
                throw new ArgumentException(
                    $"There are {values.Length} numbers \"{name}\" but {scored.Count} completions with a reward; give one to each.",
                    nameof(numbers)
                );
        }

        if (!_files.AreUnchanged())
            throw new InvalidOperationException(
                $"The weights have changed since version {Version} was published, so that the workers' "
                    + $"gradients would be those of other weights. Call {nameof(Publish)} after each step."
            );
        return await _gradients.AddAsync(parts, weights, loss, numbers, cancellationToken).ConfigureAwait(false);
    }
}
