using TorchSharp;
using TorchSharp.Modules;
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
        IPolicy policy,
        ScoredBatch scored,
        int completionsPerPart,
        LossAverage average,
        Func<torch.Tensor, BatchPart, torch.Tensor> loss
    )
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentNullException.ThrowIfNull(loss);
        var parts = Parts(scored, completionsPerPart, average);
        double value = 0;
        double[] logProbs = new double[scored.Count];
        foreach (BatchPart part in parts)
        {
            (double weighted, double[] values) = BackwardOf(policy, scored, part, average, loss);
            value += weighted;
            for (int i = 0; i < values.Length; i++)
                logProbs[part.Positions[i]] = values[i];
        }

        return new AccumulatedLoss(value, [.. logProbs]);
    }

    /// <summary>
    /// The gradient of one part of a batch as plain data: what a worker computes, wherever it is, of what <see cref="Backward"/> adds up.
    /// Parts are cut by the batch and <paramref name="completionsPerPart"/> alone, so that their number does not depend on the number of
    /// workers.
    /// </summary>
    /// <remarks>The gradients that the parameters hold are forgotten, and none is left. Of a parameter at most 2 GiB.</remarks>
    /// <param name="policy">pi_theta.</param>
    /// <param name="parameters">What is trained, in the order that the learner has it in.</param>
    /// <param name="scored">The whole batch.</param>
    /// <param name="completionsPerPart">The most completions in a part, at least 1.</param>
    /// <param name="index">Which part, from 0; there are as many as <see cref="ScoredBatch.SplitByGroup"/> gives.</param>
    /// <param name="average">What <paramref name="loss"/> is the mean over.</param>
    /// <param name="loss">As for <see cref="Backward"/>.</param>
    /// <returns>The gradient of the part, weighted by its share of the batch.</returns>
    /// <exception cref="ArgumentException">The batch has no completion with a reward, or a loss is no scalar with gradient.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static GradientPart BackwardPart(
        IPolicy policy,
        IReadOnlyList<Parameter> parameters,
        ScoredBatch scored,
        int completionsPerPart,
        int index,
        LossAverage average,
        Func<torch.Tensor, BatchPart, torch.Tensor> loss
    )
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(scored);
        ArgumentNullException.ThrowIfNull(loss);
        var parts = Parts(scored, completionsPerPart, average);
        if (index < 0 || index >= parts.Length)
            throw new ArgumentOutOfRangeException(
                nameof(index),
                index,
                $"The batch has {parts.Length} parts of at most {completionsPerPart} completions, from 0 on."
            );
        Forget(parameters);
        try
        {
            (double value, double[] logProbs) = BackwardOf(policy, scored, parts[index], average, loss);
            return new GradientPart(index, parts.Length, value, parts[index].Positions, [.. logProbs], [.. parameters.Select(BytesOf)]);
        }
        finally
        {
            Forget(parameters);
        }
    }

    /// <summary>Adds the gradients of all parts of a batch to those that the parameters hold, in the order of the parts: the bits of
    /// <see cref="Backward"/>.</summary>
    /// <remarks>Equal to the last bit where the parts were computed under one <see cref="TorchRuntime.Execution"/>.</remarks>
    /// <param name="parameters">What is trained: those, or equal ones, that the parts were computed with, in their order.</param>
    /// <param name="parts">Every part of one batch once, in any order.</param>
    /// <returns>Loss and log pi_theta of the whole batch.</returns>
    /// <exception cref="ArgumentException">A part is missing or stands twice, or a gradient has not the size of its parameter; the message
    /// names it.</exception>
    public static AccumulatedLoss Add(IReadOnlyList<Parameter> parameters, IReadOnlyList<GradientPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(parts);
        GradientPart[] ordered = [.. parts.OrderBy(part => part.Index)];
        int count = ordered.Length == 0 ? 0 : ordered[0].Parts;
        if (ordered.Length == 0 || ordered.Length != count || ordered.Where((part, i) => part.Index != i || part.Parts != count).Any())
            throw new ArgumentException(
                $"The parts are {string.Join(", ", ordered.Select(part => $"{part.Index} of {part.Parts}"))}; give each part of one batch "
                    + $"once, 0 to {Math.Max(count, 1) - 1}.",
                nameof(parts)
            );
        foreach (GradientPart part in ordered)
            RequireSizes(parameters, part);

        double value = 0;
        double[] logProbs = new double[ordered.Sum(part => part.Positions.Length)];
        foreach (GradientPart part in ordered)
        {
            for (int i = 0; i < parameters.Count; i++)
            {
                if (part.Gradients[i] is byte[] bytes)
                    Increase(parameters[i], bytes);
            }

            value += part.Value;
            for (int i = 0; i < part.Positions.Length; i++)
                logProbs[part.Positions[i]] = part.LogProb[i];
        }

        return new AccumulatedLoss(value, [.. logProbs]);
    }

    private static BatchPart[] Parts(ScoredBatch scored, int completionsPerPart, LossAverage average)
    {
        if (!Enum.IsDefined(average))
            throw new ArgumentOutOfRangeException(nameof(average), average, "A loss is the mean over Completions or over Groups.");
        BatchPart[] parts =
        [
            .. scored.SplitWithPositions(completionsPerPart).Select(part => new BatchPart(part.Part, part.Positions, scored.Count)),
        ];
        return parts.Length > 0
            ? parts
            : throw new ArgumentException(
                $"None of the {scored.Drawn.Length} samples of the batch has a reward; leave the step out, or see why the reward model "
                    + $"fails.",
                nameof(scored)
            );
    }

    /// <summary>The weighted loss of a part, whose gradient is added to those of the parameters, and its log pi_theta.</summary>
    private static (double Value, double[] LogProb) BackwardOf(
        IPolicy policy,
        ScoredBatch scored,
        BatchPart part,
        LossAverage average,
        Func<torch.Tensor, BatchPart, torch.Tensor> loss
    )
    {
        double share = Weight(part.Scored, average) / Weight(scored, average);
        using var scope = torch.NewDisposeScope(); // the graph of a part lives below this line only
        var logProb = policy.LogProb(part.Scored.Completions); // [b]
        var made = loss(logProb, part);
        RequireLoss(made);
        made.Times(share).backward();
        return (share * made.Doubles()[0], logProb.Doubles());
    }

    private static void Forget(IReadOnlyList<Parameter> parameters)
    {
        foreach (Parameter parameter in parameters)
        {
            using torch.Tensor? gradient = parameter.grad;
            if (gradient is not null)
                parameter.grad = null;
        }
    }

    private static byte[]? BytesOf(Parameter parameter)
    {
        using var scope = torch.NewDisposeScope();
        return parameter.grad is { } gradient ? gradient.detach().cpu().contiguous().bytes.ToArray() : null;
    }

    private static void Increase(Parameter parameter, byte[] bytes)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        var gradient = torch.empty(parameter.shape, parameter.dtype);
        bytes.CopyTo(gradient.bytes);
        gradient = gradient.to(parameter.device);
        if (parameter.grad is { } sum)
            sum.Increase(gradient);
        else
            parameter.grad = gradient;
    }

    private static void RequireSizes(IReadOnlyList<Parameter> parameters, GradientPart part)
    {
        if (part.Gradients.Length != parameters.Count)
            throw new ArgumentException(
                $"Part {part.Index} has gradients of {part.Gradients.Length} parameters, and {parameters.Count} are trained; give the "
                    + $"same parameters in the same order.",
                nameof(part)
            );
        for (int i = 0; i < parameters.Count; i++)
        {
            long size = parameters[i].numel() * parameters[i].element_size();
            if (part.Gradients[i] is byte[] bytes && bytes.Length != size)
                throw new ArgumentException(
                    $"Part {part.Index} has {bytes.Length} bytes for parameter {i}, {Shown.Shape(parameters[i].shape)} of "
                        + $"{parameters[i].dtype}; it must have {size}.",
                    nameof(part)
                );
        }
    }

    private static double Weight(ScoredBatch scored, LossAverage average) =>
        average == LossAverage.Completions ? scored.Count : scored.Groups.Distinct().Count();

    private static void RequireLoss(torch.Tensor loss)
    {
        if (loss is null || loss.dim() != 0 || !loss.requires_grad)
        {
            string found = loss is null ? "null" : $"{Shown.Shape(loss.shape)} {(loss.requires_grad ? "with" : "without")} gradient";
            throw new ArgumentException(
                $"The loss of a part is {found}; it must be a scalar [] with gradient, made of the log-probabilities "
                    + "that it was given.",
                nameof(loss)
            );
        }
    }
}
