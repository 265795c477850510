using System.Collections.Immutable;
using TorchSharp;
using VariationalBoN.Internal;
using VariationalBoN.Losses;

namespace VariationalBoN.Training;

/// <summary>The gradient of a batch, accumulated over parts so that memory does not grow with the number of completions.
/// Stateless.</summary>
/// <remarks>
/// A batch is split into whole groups (<see cref="ScoredBatch.SplitByGroup"/>), so baselines and centring see what they would see in the
/// whole batch; the loss of a part counts with its share of the completions or of the groups (<see cref="LossAverage"/>). The sum is the
/// gradient of the whole batch within rounding. As thread-safe as the policy.
/// </remarks>
public static class GradientAccumulation
{
    /// <summary>Adds the gradient of a batch to that which the parameters hold: call the optimizer's <c>ZeroGrad</c> before.</summary>
    /// <param name="policy">pi_theta, whose parameters ask for a gradient.</param>
    /// <param name="scored">B completions, at least one; those without a reward take no part.</param>
    /// <param name="completionsPerPart">The most completions in a part, at least 1; a single larger group stays whole.</param>
    /// <param name="average">What <paramref name="loss"/> is the mean over: <see cref="ScoreFunction.Average"/> and its like.</param>
    /// <param name="loss">
    /// Makes a scalar [] of log pi_theta [b] of a part, with gradient, and of the part; numbers that belong to completions are chosen by
    /// <see cref="BatchPart.Of"/>. What tensors it makes are disposed of.
    /// </param>
    /// <returns>Loss and log pi_theta of the whole batch.</returns>
    /// <exception cref="ArgumentException">The batch has no completion with a reward, or a loss is no scalar with gradient.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="completionsPerPart"/> is below 1, or <paramref name="average"/> is none of its values.
    /// </exception>
    public static AccumulatedLoss Backward(
        IPolicy policy, ScoredBatch scored, int completionsPerPart, LossAverage average, Func<torch.Tensor, BatchPart, torch.Tensor> loss)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentNullException.ThrowIfNull(loss);
        if (!Enum.IsDefined(average))
            throw new ArgumentOutOfRangeException(nameof(average), average, "A loss is the mean over Completions or over Groups.");
        var parts = scored.SplitWithPositions(completionsPerPart);
        if (parts.Count == 0)
            throw new ArgumentException($"None of the {scored.Drawn.Length} samples of the batch has a reward; leave the step out, or see why the reward model fails.", nameof(scored));

        double whole = Weight(scored, average), value = 0;
        double[] logProbs = new double[scored.Count];
        foreach ((ScoredBatch part, ImmutableArray<int> positions) in parts)
        {
            double share = Weight(part, average) / whole;
            using var scope = torch.NewDisposeScope(); // the graph of a part lives below this line only
            var logProb = policy.LogProb(part.Completions); // [b]
            var made = loss(logProb, new BatchPart(part, positions, scored.Count));
            RequireLoss(made);
            made.Times(share).backward();
            value += share * made.Doubles()[0];
            double[] values = logProb.Doubles();
            for (int i = 0; i < values.Length; i++)
                logProbs[positions[i]] = values[i];
        }

        return new AccumulatedLoss(value, [.. logProbs]);
    }

    private static double Weight(ScoredBatch scored, LossAverage average) =>
        average == LossAverage.Completions ? scored.Count : scored.Groups.Distinct().Count();

    private static void RequireLoss(torch.Tensor loss)
    {
        if (loss is null || loss.dim() != 0 || !loss.requires_grad)
        {
            string found = loss is null ? "null" : $"{Shown.Shape(loss.shape)} {(loss.requires_grad ? "with" : "without")} gradient";
            throw new ArgumentException($"The loss of a part is {found}; it must be a scalar [] with gradient, made of the log-probabilities " +
                "that it was given.", nameof(loss));
        }
    }
}
