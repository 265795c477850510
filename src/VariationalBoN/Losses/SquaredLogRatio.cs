using TorchSharp;

namespace VariationalBoN.Losses;

/// <summary>Regression of log pi_theta on log g: needs no completions of the policy itself (offline). Stateless, thread-safe.</summary>
/// <remarks>
/// With d_i = log pi_theta(y_i) - log g(y_i). <see cref="Centred"/>: the sample variance of d within each group (log-variance loss), blind
/// to constants per prompt. <see cref="Known"/>: the mean of d^2, for targets whose partition function is known, as that of the exact
/// objective is (sum of pi_bon = 1); an error c of log g then moves the optimum, the centred form does not care. For completions drawn from
/// pi_theta (without gradient through the draw) half the expected gradient of either is that of KL(pi_theta || g). From any other
/// distribution with full support the only minimiser is still pi_theta = g where the model can say it; what a limited model does on the way
/// depends on where the completions come from: reference samples alone leave the best region unseen and KL overshoots. Clip the objective
/// from below (<c>ClippedObjective</c>) and mix in best-of-N samples. Source:
/// Richter et al., arXiv 2010.10436 (log-variance); QRPO, arXiv 2507.08068, is the known form with log F.
/// </remarks>
public static class SquaredLogRatio
{
    /// <summary><see cref="Centred"/> is the mean over groups: what <c>GradientAccumulation</c> must be told.</summary>
    public const LossAverage CentredAverage = LossAverage.Groups;

    /// <summary><see cref="Known"/> is the mean over completions: what <c>GradientAccumulation</c> must be told.</summary>
    public const LossAverage KnownAverage = LossAverage.Completions;

    /// <summary>(1/G) sum over groups of 1 / (K - 1) sum_i (d_i - mean of the group)^2, in square nats.</summary>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point, with gradient; finite.</param>
    /// <param name="targets">log g(y_i) up to a constant per group, B finite values.</param>
    /// <param name="groups">The group of each completion, B labels; each group has at least two completions.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="logProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, lengths differ, or a group has a single completion.</exception>
    /// <exception cref="ArithmeticException">A value is NaN or infinite.</exception>
    public static torch.Tensor Centred(torch.Tensor logProb, IReadOnlyList<double> targets, IReadOnlyList<int> groups)
    {
        double[] read = [.. targets ?? throw new ArgumentNullException(nameof(targets))];
        double[] residuals = Advantages.Returns(logProb, read, groups); // -d
        CompletionGroups split = CompletionGroups.Of(groups, smallestGroup: 2);
        double[] means = new double[split.Sizes.Length],
            shares = new double[residuals.Length];
        for (int i = 0; i < residuals.Length; i++)
        {
            means[split.GroupOf[i]] -= residuals[i] / split.Sizes[split.GroupOf[i]];
            shares[i] = 1.0 / (split.Sizes.Length * (split.Sizes[split.GroupOf[i]] - 1));
        }

        // The derivative of the mean within its own group cancels, so it may stand as a number.
        return WeightedSquares(logProb, [.. read.Select((target, i) => target + means[split.GroupOf[i]])], shares);
    }

    /// <summary>(1/B) sum_i d_i^2, in square nats.</summary>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point, with gradient; finite.</param>
    /// <param name="targets">log g(y_i), normalised, B finite values.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="logProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, or lengths differ.</exception>
    /// <exception cref="ArithmeticException">A value is NaN or infinite.</exception>
    public static torch.Tensor Known(torch.Tensor logProb, IReadOnlyList<double> targets)
    {
        double[] read = [.. targets ?? throw new ArgumentNullException(nameof(targets))];
        int count = Advantages.Returns(logProb, read, new int[read.Length]).Length;
        return WeightedSquares(logProb, read, [.. Enumerable.Repeat(1.0 / count, count)]);
    }

    private static torch.Tensor WeightedSquares(torch.Tensor logProb, double[] centres, double[] shares)
    {
        using var scope = torch.NewDisposeScope();
        // [B], double: both may be large
        var difference = logProb.to(torch.float64) - torch.tensor(centres, dtype: torch.float64, device: logProb.device);
        return (difference * difference * torch.tensor(shares, dtype: torch.float64, device: logProb.device))
            .sum()
            .to(logProb.dtype)
            .MoveToOuterDisposeScope(); // []
    }
}
