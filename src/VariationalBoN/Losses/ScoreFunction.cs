using System.Runtime.CompilerServices;
using TorchSharp;
using VariationalBoN.Internal;
using VariationalBoN.Losses;

namespace VariationalBoN;

/// <summary>Reverse KL by the score function (REINFORCE) with a baseline,
/// by default leave-one-out per prompt. Stateless, thread-safe.</summary>
/// <remarks>
/// With J = E_{y ~ pi_theta}[log g(y) - log pi_theta(y)] = -KL(pi_theta || g) + constant and R_i = log g(y_i) - log pi_theta(y_i),
/// detached, the loss is -(1/B) sum_i A_i log pi_theta(y_i) with A_i = R_i - mean of R_j over the other completions j of the group (other
/// choices: <see cref="Baseline"/>). For completions that pi_theta itself drew its gradient is an unbiased estimate of -grad J, averaged
/// over completions: the baseline does not depend on y_i, and the derivative of the -log pi_theta inside R has expectation 0. Dividing A by
/// its standard deviation would bias the direction and is not done here. The value of the loss itself means nothing. Source: Kool, van
/// Hoof, Welling, "Buy 4 REINFORCE samples, get a baseline for free!" (2019); Ahmadian et al., arXiv 2402.14740.
/// At pi_theta = g every R_i is equal and the gradient is exactly 0.
/// </remarks>
public static class ScoreFunction
{
    /// <summary>The loss is the mean over completions: what <c>GradientAccumulation</c> must be told.</summary>
    public const LossAverage Average = LossAverage.Completions;

    /// <summary>The loss for targets that are plain doubles; advantages are formed in double precision on the host.</summary>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point, on any device, with gradient; finite.</param>
    /// <param name="targets">log g(y_i) up to a constant per group, B finite values.</param>
    /// <param name="groups">The group of each completion, B labels; sizes may differ.
    /// For the group baselines each has at least two completions.</param>
    /// <param name="baseline">What is subtracted from R; leave-one-out by default.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="logProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, lengths differ, or a group has a single completion.</exception>
    /// <exception cref="ArithmeticException">A log-probability or a target is NaN or infinite.</exception>
    [OverloadResolutionPriority(1)] // an array of doubles converts to a tensor too
    public static torch.Tensor Loss(
        torch.Tensor logProb,
        IReadOnlyList<double> targets,
        IReadOnlyList<int> groups,
        Baseline baseline = default
    )
    {
        double[] advantages = Advantages.Returns(logProb, targets, groups);
        Advantages.Subtract(advantages, groups, baseline);
        using var scope = torch.NewDisposeScope();
        var weights = torch.tensor(advantages, dtype: logProb.dtype, device: logProb.device); // [B]
        return (weights * logProb).mean().neg().MoveToOuterDisposeScope(); // []
    }

    /// <summary>The loss for targets that are already a tensor on the policy's device; nothing is copied back to the host.</summary>
    /// <remarks>
    /// Advantages are formed in the dtype of <paramref name="targets"/>; give float64 where sequences are long. On the CPU a NaN or
    /// infinite value is refused; on another device a check would wait for it, so there the loss becomes NaN instead.
    /// </remarks>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point, on any device, with gradient; finite.</param>
    /// <param name="targets">log g(y_i) up to a constant per group, [B], floating point,
    /// on the device of <paramref name="logProb"/>; finite, taken without gradient.</param>
    /// <param name="groups">The group of each completion, B labels; each group has at least two completions, sizes may differ.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="logProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape, dtype or device is wrong,
    /// lengths differ, or a group has a single completion.</exception>
    /// <exception cref="ArithmeticException">On the CPU: a log-probability or a target is NaN or infinite.</exception>
    public static torch.Tensor Loss(torch.Tensor logProb, torch.Tensor targets, IReadOnlyList<int> groups)
    {
        LossArguments.RequireVector(targets, nameof(targets));
        LossArguments.RequireLogProb(logProb, checked((int)targets.size(0)), nameof(targets), groups);
        if (logProb.device_type != targets.device_type || logProb.device_index != targets.device_index)
            throw new ArgumentException(
                $"targets are on {targets.device} but logProb is on {logProb.device}; put both on one device.",
                nameof(targets)
            );
        CompletionGroups split = CompletionGroups.Of(groups, smallestGroup: 2);
        if (logProb.device_type == DeviceType.CPU)
        {
            LossArguments.FiniteValues(logProb, nameof(logProb));
            LossArguments.FiniteValues(targets, nameof(targets));
        }

        using var scope = torch.NewDisposeScope();
        var weights = MinusMeanOfOthers(targets.detach() - logProb.detach().to(targets.dtype), split).to(logProb.dtype); // [B]
        return (weights * logProb).mean().neg().MoveToOuterDisposeScope(); // []
    }

    /// <summary>The loss with values along the answers: advantages of tokens instead of one for each answer.</summary>
    /// <remarks>
    /// With delta_t = V(s_(t + 1)) - V(s_t) - (log pi_theta - log pi_ref)(a_t), where V(s) estimates log E_ref[w | s] of the weight w = g /
    /// pi_ref and V at the end is log w itself, A_t = sum_j lambda^j delta_(t + j) minus the mean at t over the other answers, of all
    /// prompts, that are at least as long; the loss is -(1/B) sum_i sum_t A_it log pi_theta(a_it). At lambda = 1 the gradient is that of
    /// the other forms in expectation, whatever the values are: they only take variance away. Below 1 it is another one, with less variance
    /// still and the same fixed point pi_theta = g where V is exact: there every delta is 0. 0.95 is a good start.
    /// </remarks>
    /// <param name="logProb">log pi_theta(a_t | s_t), [B, T], as <c>ITokenPolicy.TokenLogProb</c> gives it, with gradient.</param>
    /// <param name="logReference">log pi_ref(a_t | s_t): for each of the B answers as many as it has tokens.</param>
    /// <param name="values">V(s_t): for each answer one more than it has tokens, the last at its end.</param>
    /// <param name="lambda">0 to 1.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="logProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, or lengths differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="lambda"/> is outside 0 to 1.</exception>
    /// <exception cref="ArithmeticException">A number is NaN or infinite.</exception>
    public static torch.Tensor Loss(
        torch.Tensor logProb,
        IReadOnlyList<double[]> logReference,
        IReadOnlyList<double[]> values,
        double lambda
    )
    {
        ArgumentNullException.ThrowIfNull(logReference);
        ArgumentNullException.ThrowIfNull(values);
        (logReference, values) = ([.. logReference], [.. values]); // read once: what is checked is what is used
        TokenAdvantages.Require(logProb, logReference, values, lambda);
        double[] numbers = logProb.Doubles();
        int bad = Array.FindIndex(numbers, number => !double.IsFinite(number));
        if (bad >= 0)
            throw new ArithmeticException(
                $"log pi_theta of token {bad % logProb.size(1)} of answer {bad / logProb.size(1)} is {numbers[bad]}; it must be finite."
            );
        double[] advantages = TokenAdvantages.Of(numbers, (int)logProb.size(1), logReference, values, lambda);
        using var scope = torch.NewDisposeScope();
        var weights = torch.tensor(advantages, logProb.shape, dtype: logProb.dtype, device: logProb.device); // [B, T]
        return (weights * logProb).sum().Over(-logReference.Count).MoveToOuterDisposeScope(); // []
    }

    /// <summary>R - mean of the others, from padded rows of groups rather than by index_add,
    /// whose order of summation a GPU does not fix.</summary>
    private static torch.Tensor MinusMeanOfOthers(torch.Tensor rewards, CompletionGroups split)
    {
        int batch = split.GroupOf.Length,
            groups = split.Sizes.Length,
            widest = split.Sizes.Max();
        long[] rows = new long[groups * widest],
            groupOf = new long[batch];
        double[] share = new double[groups],
            scale = new double[batch];
        int[] filled = new int[groups];
        Array.Fill(rows, batch); // position B holds the zero that pads
        for (int i = 0; i < batch; i++)
        {
            int group = split.GroupOf[i];
            double size = split.Sizes[group];
            rows[(group * widest) + filled[group]++] = i;
            groupOf[i] = group;
            share[group] = 1 / size;
            scale[i] = size / (size - 1);
        }

        var device = rewards.device;
        var padded = torch.cat([rewards, torch.zeros(1, dtype: rewards.dtype, device: device)]); // [B + 1]
        var means =
            padded.index_select(0, torch.tensor(rows, device: device)).view(groups, widest).sum(1)
            * torch.tensor(share, dtype: rewards.dtype, device: device); // [G]
        return (rewards - means.index_select(0, torch.tensor(groupOf, device: device)))
            * torch.tensor(scale, dtype: rewards.dtype, device: device); // [B]
    }
}
