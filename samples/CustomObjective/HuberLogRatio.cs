using TorchSharp;

/// <summary>One's own loss: regression of log pi_theta on log g, robust against single completions.</summary>
/// <remarks>
/// With d = log pi_theta - log g the loss is the mean of huber(d_i - d_j) over the pairs of a group, averaged over groups, with huber(x) =
/// x^2 / 2 up to delta and delta (|x| - delta / 2) beyond: no pair pulls with more than delta. Constants per prompt cancel, and with full
/// support the only minimiser is pi_theta = g. For a large delta it is <c>SquaredLogRatio.Centred</c>.
/// </remarks>
internal static class HuberLogRatio
{
    /// <param name="logProb">log pi_theta(y_i), [B], with gradient.</param>
    /// <param name="targets">log g(y_i) up to a constant per group, B values.</param>
    /// <param name="groups">The group of each completion, B labels; each group has at least two completions.</param>
    /// <param name="delta">Nats, above 0.</param>
    /// <returns>A fresh scalar [], the caller's to dispose.</returns>
    public static torch.Tensor Loss(torch.Tensor logProb, IReadOnlyList<double> targets, IReadOnlyList<int> groups, double delta)
    {
        if (logProb.dim() != 1 || logProb.size(0) != targets.Count || targets.Count != groups.Count)
            throw new ArgumentException(
                $"logProb has shape [{string.Join(", ", logProb.shape)}], with {targets.Count} targets and {groups.Count} groups; give "
                    + $"one of each to each completion."
            );
        double[] shares = Shares(groups); // plain data before the first tensor

        using var scope = torch.NewDisposeScope(); // frees every tensor below but the result
        using Scalar half = 0.5,
            limit = delta; // a number that a tensor meets is held until the call returns: `near * 0.5` leaves it to the garbage collector
        var d = logProb.to(torch.float64) - torch.tensor(targets.ToArray(), device: logProb.device); // [B], theta in logProb alone
        var gap = (d.unsqueeze(1) - d.unsqueeze(0)).abs(); // [B, B]
        var near = gap.clamp_max(limit);
        var huber = near * (gap - near.mul(half));
        return (huber * torch.tensor(shares, [groups.Count, groups.Count], device: logProb.device))
            .sum()
            .to(logProb.dtype)
            .MoveToOuterDisposeScope(); // []
    }

    /// <summary>[B, B]: 1 / (G K (K - 1)) for two completions of a group of K, 0 for others.</summary>
    private static double[] Shares(IReadOnlyList<int> groups)
    {
        var sizes = groups.CountBy(group => group).ToDictionary();
        foreach ((int group, int size) in sizes)
        {
            if (size < 2)
                throw new ArgumentException($"Group {group} has one completion; a pair needs two.", nameof(groups));
        }

        return
        [
            .. from i in Enumerable.Range(0, groups.Count)
            from j in Enumerable.Range(0, groups.Count)
            select i != j && groups[i] == groups[j] ? 1.0 / (sizes.Count * sizes[groups[i]] * (sizes[groups[i]] - 1)) : 0,
        ];
    }
}
