using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN.Losses;

/// <summary>On-policy distillation: KL(pi_theta || teacher) of the next token, over the whole vocabulary,
/// along completions of the policy itself. Stateless, thread-safe.</summary>
/// <remarks>
/// The loss is (1/B) sum_i sum_t KL(pi_theta(. | s_it) || pi_T(. | s_it)). Its gradient leaves out that theta also decides which prefixes
/// are seen (Agarwal et al., GKD, arXiv 2306.13649), which removes the noise of the score function: at each prefix the gradient is exact.
/// The fixed point is the teacher where the policy can be it, and the teacher is what limits the result. Rewards are not needed.
/// </remarks>
public static class Distillation
{
    /// <summary>The loss is the mean over completions: what <c>GradientAccumulation</c> must be told. It weighs the parts of a batch
    /// itself: in a loss that it is given, <c>completions</c> is the number of those of the part.</summary>
    public const LossAverage Average = LossAverage.Completions;

    /// <summary>The loss (1/B) sum_n KL(pi_theta(. | s_n) || pi_T(. | s_n)), in nats a completion.</summary>
    /// <param name="logProb">log pi_theta(. | s_n) at all N tokens of B completions, [N, V], with gradient:
    /// <c>INextTokenPolicy.NextTokenLogProb</c>.</param>
    /// <param name="teacher">log pi_T(. | s_n) at the same places, [N, V], taken without gradient, of the same device.</param>
    /// <param name="completions">B, at least 1; in a loop of your own over the parts of a batch that of the whole batch, so that the
    /// gradients of the parts add up to that of the batch.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="logProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape, dtype or device is wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="completions"/> is below 1.</exception>
    /// <exception cref="ArithmeticException">The divergence at a token is NaN or infinite: the policy or the teacher has diverged, the
    /// policy truncates, or the teacher gives no probability to a token that the policy may say.</exception>
    public static torch.Tensor Loss(torch.Tensor logProb, torch.Tensor teacher, int completions)
    {
        ArgumentNullException.ThrowIfNull(logProb);
        ArgumentNullException.ThrowIfNull(teacher);
        if (logProb.dim() != 2 || !logProb.is_floating_point() || logProb.size(0) == 0)
            throw new ArgumentException(
                $"logProb has shape {Shown.Shape(logProb.shape)} and dtype {logProb.dtype}; expected [N, V] of a floating-point type, one "
                    + $"row for each token of the completions.",
                nameof(logProb)
            );
        if (!teacher.is_floating_point() || !teacher.shape.SequenceEqual(logProb.shape))
            throw new ArgumentException(
                $"teacher has shape {Shown.Shape(teacher.shape)} and dtype {teacher.dtype} but logProb {Shown.Shape(logProb.shape)}; give "
                    + $"both of the same completions, over one vocabulary.",
                nameof(teacher)
            );
        if (logProb.device_type != teacher.device_type || logProb.device_index != teacher.device_index)
            throw new ArgumentException(
                $"teacher is on {teacher.device} but logProb is on {logProb.device}; put both on one device.",
                nameof(teacher)
            );
        ArgumentOutOfRangeException.ThrowIfLessThan(completions, 1);
        using var scope = torch.NewDisposeScope();
        var divergences = (logProb.exp() * (logProb - teacher.detach().to(logProb.dtype))).sum(1); // [N]
        double[] values = divergences.detach().Doubles();
        if (Array.FindIndex(values, value => !double.IsFinite(value)) is >= 0 and int bad)
            throw new ArithmeticException(
                $"The divergence at token {bad} of the batch is {values[bad]}: "
                    + (
                        logProb.detach()[bad].isneginf().any().item<bool>()
                            ? "the policy gives no probability to some tokens. Train it without truncation (top-k, top-p)."
                            : "the weights of the policy have diverged, or the teacher gives no probability to a token that the policy may "
                                + "say. Lower the learning rate, or take a teacher of full support."
                    )
            );
        return divergences.sum().Over(completions).MoveToOuterDisposeScope(); // []
    }
}
