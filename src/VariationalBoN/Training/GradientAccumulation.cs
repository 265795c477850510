using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using VariationalBoN.Losses;

namespace VariationalBoN.Training;

/// <summary>The gradient of a batch, accumulated over parts so that memory does
/// not grow with the number of completions. Stateless.</summary>
/// <remarks>
/// A batch is split into whole groups (<see cref="ScoredBatch.SplitByGroup"/>), so baselines and centring see what they would see in the
/// whole batch; the loss of a part counts with its share of the completions or of the groups (<see cref="LossAverage"/>). The sum is the
/// gradient of the whole batch within rounding. As thread-safe as the policy.
/// </remarks>
public static class GradientAccumulation
{
    /// <summary>Adds the gradient of a batch to that which the parameters hold: call the optimizer's <c>ZeroGrad</c> before.</summary>
    /// <param name="policy">pi_theta, whose parameters require a gradient.</param>
    /// <param name="scored">B completions, at least one; those without a reward take no part.</param>
    /// <param name="completionsPerPart">The most completions in a part, at least 1; a single larger group stays whole.</param>
    /// <param name="average">What <paramref name="loss"/> is the mean over:
    /// <see cref="ScoreFunction.Average"/>, or that of another loss.</param>
    /// <param name="loss">
    /// Makes a scalar [] of log pi_theta [b] of a part, with gradient, and of the part; numbers that belong
    /// to completions are chosen by <see cref="BatchPart.Of"/>. The tensors that it makes are disposed of.
    /// </param>
    /// <returns>Loss and log pi_theta of the whole batch.</returns>
    /// <exception cref="ArgumentException">The batch has no completion with a reward, or a loss is no scalar with gradient.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="completionsPerPart"/> is below 1, or <paramref name="average"/> is not a member of the enumeration.
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
        double value = 0;
        ImmutableArray<BatchPart> parts = Cut(scored, completionsPerPart, average);
        double[] logProbs = new double[scored.Count];
        foreach (BatchPart part in parts)
        {
            (double weighted, double[] values) = BackwardOf(policy, part, loss);
            value += weighted;
            for (int i = 0; i < values.Length; i++)
                logProbs[part.Positions[i]] = values[i];
        }

        return new AccumulatedLoss(value, [.. logProbs]);
    }

    /// <summary>Cuts a batch into the parts whose gradients <see cref="Backward"/> adds up, so that each can be computed anywhere
    /// (<see cref="BackwardPart"/>). Where it is cut depends on the batch and on <paramref name="completionsPerPart"/> alone, so that the
    /// number of parts does not depend on the number of workers.</summary>
    /// <param name="scored">B completions, at least one with a reward; those without take no part.</param>
    /// <param name="completionsPerPart">The most completions in a part, at least 1; a single larger group stays whole.</param>
    /// <param name="average">What the loss is the mean over.</param>
    /// <returns>The parts, as <see cref="ScoredBatch.SplitByGroup"/> cuts them, each with its share of the batch.</returns>
    /// <exception cref="ArgumentException">The batch has no completion with a reward.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static ImmutableArray<BatchPart> Cut(ScoredBatch scored, int completionsPerPart, LossAverage average)
    {
        ArgumentNullException.ThrowIfNull(scored);
        if (!Enum.IsDefined(average))
            throw new ArgumentOutOfRangeException(nameof(average), average, "A loss is the mean over Completions or over Groups.");
        var parts = scored.SplitWithPositions(completionsPerPart);
        if (parts.Count == 0)
            throw new ArgumentException(
                $"None of the {scored.Drawn.Length} samples of the batch has a reward; leave the step out, or see why the reward model "
                    + $"fails.",
                nameof(scored)
            );
        var batch = new Lazy<string>(() => DigestOf(scored, completionsPerPart, average));
        double whole = Weight(scored, average);
        return
        [
            .. parts.Select(
                (part, i) =>
                    new BatchPart(part.Part, part.Positions, scored.Count, batch, i, parts.Count, Weight(part.Part, average) / whole)
            ),
        ];
    }

    /// <summary>The gradient of one part of a batch as plain data: a worker in any process computes it,
    /// and <see cref="GradientSum"/> adds the parts up to what <see cref="Backward"/> gives.</summary>
    /// <remarks>The gradients that the parameters hold are forgotten, and none is left. Of a parameter at most 2 GiB.</remarks>
    /// <param name="policy">pi_theta.</param>
    /// <param name="parameters">What is trained, in the order that the learner has it in.</param>
    /// <param name="part">A part that <see cref="Cut"/> made, or a <see cref="BatchPart"/> that was created from its data.</param>
    /// <param name="weights">A name of the weights of the policy, such as their
    /// version; a <see cref="GradientSum"/> refuses parts with another name.</param>
    /// <param name="loss">As for <see cref="Backward"/>.</param>
    /// <returns>The gradient of the part, weighted by its share of the batch.</returns>
    /// <exception cref="ArgumentException">The loss is no scalar with gradient.</exception>
    public static GradientPart BackwardPart(
        IPolicy policy,
        IReadOnlyList<Parameter> parameters,
        BatchPart part,
        string weights,
        Func<torch.Tensor, BatchPart, torch.Tensor> loss
    )
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(loss);
        Forget(parameters);
        try
        {
            (double value, double[] logProbs) = BackwardOf(policy, part, loss);
            return new GradientPart(part.Batch, weights, part.Index, value, [.. logProbs], [.. parameters.Select(BytesOf)]);
        }
        finally
        {
            Forget(parameters);
        }
    }

    /// <summary>The weighted loss of a part, whose gradient is added to those of the parameters, and its log pi_theta.</summary>
    private static (double Value, double[] LogProb) BackwardOf(
        IPolicy policy,
        BatchPart part,
        Func<torch.Tensor, BatchPart, torch.Tensor> loss
    )
    {
        using var scope = torch.NewDisposeScope(); // the graph of a part lives below this line only
        var logProb = policy.LogProb(part.Scored.Completions); // [b]
        var made = loss(logProb, part);
        RequireLoss(made);
        made.Times(part.Share).backward();
        return (part.Share * made.Doubles()[0], logProb.Doubles());
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

    private static string DigestOf(ScoredBatch scored, int completionsPerPart, LossAverage average)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append([completionsPerPart, (int)average, scored.Count]);
        Append([.. scored.Groups]);
        for (int i = 0; i < scored.Count; i++)
        {
            (Completion completion, double reward) = (scored[i].Completion, scored[i].Reward);
            Append([completion.Prompt.Canonical.Length, completion.PromptTokens.Length, completion.Tokens.Length]);
            hash.AppendData(MemoryMarshal.AsBytes(completion.Prompt.Canonical.AsSpan()));
            Append(completion.PromptTokens.AsSpan());
            Append(completion.Tokens.AsSpan());
            hash.AppendData(MemoryMarshal.AsBytes<double>([reward, scored[i].LogReference]));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Append(ReadOnlySpan<int> numbers) => hash.AppendData(MemoryMarshal.AsBytes(numbers));
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
