using TorchSharp;

namespace VariationalBoN.Losses;

/// <summary>Reverse KL by clipped probability ratios: several optimizer steps on one batch of rollouts (PPO,
/// GRPO). Stateless, thread-safe.</summary>
/// <remarks>
/// With pi_old the policy that drew the completions, R_i = log g(y_i) - log pi_old(y_i), A_i its advantage and w_i = pi_theta(y_i) /
/// pi_old(y_i), the loss is -(1/B) sum_i min(w_i A_i, clip(w_i, 1 - epsilon, 1 + epsilon) A_i). At pi_theta = pi_old its gradient is that
/// of <see cref="ScoreFunction"/>, unbiased; further steps optimise a surrogate around pi_old whose -log pi_old inside R stays fixed.
/// Ratios are of whole completions: stop the epochs when <see cref="ApproximateKl"/> passes some 0.02 to 0.1 nats. Source: Schulman et al.,
/// arXiv 1707.06347; group normalisation: Shao et al., arXiv 2402.03300.
/// <para>
/// <see cref="ClippedRatioOptions.NormaliseByGroup"/> divides A by its deviation within the group. That weights prompts differently and
/// biases the direction, but since the whole of log g - log pi stands inside A, its fixed point stays pi_theta = g. It would not if the KL
/// were a separate term: with reward log F divided by its deviation and a KL term of weight beta, fixed points need N' = 1 + N' / beta,
/// which has no solution for beta at most 1: the policy runs away.
/// </para>
/// </remarks>
public static class ClippedRatio
{
    /// <summary>The loss is the mean over completions: what <c>GradientAccumulation</c> must be told.</summary>
    public const LossAverage Average = LossAverage.Completions;

    /// <summary>The loss.</summary>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point, with gradient; finite.</param>
    /// <param name="oldLogProb">log pi_old(y_i), B finite values, taken once before the first epoch.</param>
    /// <param name="targets">log g(y_i) up to a constant per group, B finite values.</param>
    /// <param name="groups">The group of each completion, B labels; each group has at least two completions.</param>
    /// <param name="options">Clipping and normalisation; null for the defaults.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="logProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape, dtype or option is wrong,
    /// lengths differ, or a group has a single completion.</exception>
    /// <exception cref="ArithmeticException">A value is NaN or infinite.</exception>
    public static torch.Tensor Loss(
        torch.Tensor logProb,
        IReadOnlyList<double> oldLogProb,
        IReadOnlyList<double> targets,
        IReadOnlyList<int> groups,
        ClippedRatioOptions? options = null
    )
    {
        options ??= new ClippedRatioOptions();
        options.Validate();
        double[] old = RequirePair(logProb, oldLogProb).Old,
            goals = [.. targets ?? throw new ArgumentNullException(nameof(targets))];
        LossArguments.RequireFinite(goals, nameof(targets));
        LossArguments.RequireLogProb(logProb, goals.Length, nameof(targets), groups);
        double[] advantages = [.. goals.Zip(old, (target, drawn) => target - drawn)];
        if (options.NormaliseByGroup)
            Advantages.Normalise(advantages, old, groups);
        else
            Advantages.Subtract(advantages, groups, Baseline.LeaveOneOut);

        using var scope = torch.NewDisposeScope();
        using Scalar low = 1 - options.ClipRange,
            high = 1 + options.ClipRange;
        var weights = torch.tensor(advantages, dtype: logProb.dtype, device: logProb.device); // [B]
        var ratio = (logProb - torch.tensor(old, dtype: logProb.dtype, device: logProb.device)).exp(); // [B]
        return torch.minimum(ratio * weights, ratio.clamp(low, high) * weights).mean().neg().MoveToOuterDisposeScope(); // []
    }

    /// <summary>An estimate of KL(pi_old || pi_theta) from completions of pi_old: the mean of w - 1 - log w, at least 0.</summary>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point; finite.</param>
    /// <param name="oldLogProb">log pi_old(y_i), B finite values.</param>
    /// <returns>Nats per completion.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, or lengths differ.</exception>
    /// <exception cref="ArithmeticException">A value is NaN or infinite.</exception>
    public static double ApproximateKl(torch.Tensor logProb, IReadOnlyList<double> oldLogProb)
    {
        (double[] values, double[] olds) = RequirePair(logProb, oldLogProb);
        return values.Zip(olds, (now, old) => Math.Exp(now - old) - 1 - (now - old)).Average();
    }

    /// <summary>The share of completions whose ratio lies outside the clip range, 0 to 1.</summary>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point; finite.</param>
    /// <param name="oldLogProb">log pi_old(y_i), B finite values.</param>
    /// <param name="options">Clipping; null for the defaults.</param>
    /// <returns>The share.</returns>
    /// <exception cref="ArgumentException">A shape, dtype or option is wrong, or lengths differ.</exception>
    /// <exception cref="ArithmeticException">A value is NaN or infinite.</exception>
    public static double ClippedShare(torch.Tensor logProb, IReadOnlyList<double> oldLogProb, ClippedRatioOptions? options = null)
    {
        options ??= new ClippedRatioOptions();
        options.Validate();
        (double[] values, double[] olds) = RequirePair(logProb, oldLogProb);
        return values.Zip(olds, (now, old) => Math.Abs(Math.Exp(now - old) - 1) > options.ClipRange ? 1.0 : 0).Average();
    }

    private static (double[] Values, double[] Old) RequirePair(torch.Tensor logProb, IReadOnlyList<double> oldLogProb)
    {
        ArgumentNullException.ThrowIfNull(oldLogProb);
        double[] old = [.. oldLogProb];
        LossArguments.RequireLogProb(logProb, old.Length, nameof(oldLogProb), new int[old.Length]);
        LossArguments.RequireFinite(old, nameof(oldLogProb));
        return (LossArguments.FiniteValues(logProb, nameof(logProb)), old);
    }
}
