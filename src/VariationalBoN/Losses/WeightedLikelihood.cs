using TorchSharp;

namespace VariationalBoN.Losses;

/// <summary>Forward KL by the weighted likelihood of given completions: the loss of BoN-SFT. Stateless, thread-safe.</summary>
/// <remarks>
/// The loss is -(1/G) sum_i w_i log pi_theta(y_i) over the completions of G groups. With w the Best-of-N weights of reference samples of a
/// prompt it is a Rao-Blackwell estimate of -E_{y ~ pi_bon}[log pi_theta(y)] = KL(pi_bon || pi_theta) + constant, hence unbiased in its
/// gradient for exact weights; with w = 1 on the best of N draws alone it is BoN-SFT (Amini et al., arXiv 2407.06057, section 5).
/// The completions need not come from the policy.
/// </remarks>
public static class WeightedLikelihood
{
    /// <summary>The loss is the mean over groups: what <c>GradientAccumulation</c> must be told.</summary>
    public const LossAverage Average = LossAverage.Groups;

    /// <summary>The loss -(1/G) sum_i w_i log pi_theta(y_i), in nats.</summary>
    /// <param name="logProb">log pi_theta(y_i), [B], floating point, on any device, with gradient; finite.</param>
    /// <param name="weights">w_i, B finite values of at least 0; they usually add up to 1 in each group.</param>
    /// <param name="groups">The group of each completion, B labels; G is the number of different ones.</param>
    /// <returns>A fresh scalar [] of the dtype and device of <paramref name="logProb"/>, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">A shape or dtype is wrong, lengths differ, or a weight is negative.</exception>
    /// <exception cref="ArithmeticException">A log-probability or a weight is NaN or infinite.</exception>
    public static torch.Tensor Loss(torch.Tensor logProb, IReadOnlyList<double> weights, IReadOnlyList<int> groups)
    {
        ArgumentNullException.ThrowIfNull(weights);
        double[] shares = [.. weights];
        LossArguments.RequireLogProb(logProb, shares.Length, nameof(weights), groups);
        LossArguments.RequireFinite(shares, nameof(weights));
        LossArguments.FiniteValues(logProb, nameof(logProb));
        int count = CompletionGroups.Of(groups, smallestGroup: 1).Sizes.Length;
        for (int i = 0; i < shares.Length; i++)
        {
            if (shares[i] < 0)
                throw new ArgumentException($"weights[{i}] is {shares[i]}; a weight is a probability, so at least 0.", nameof(weights));
            shares[i] /= count;
        }

        using var scope = torch.NewDisposeScope();
        var share = torch.tensor(shares, dtype: logProb.dtype, device: logProb.device); // [B]
        return (share * logProb).sum().neg().MoveToOuterDisposeScope(); // []
    }
}
