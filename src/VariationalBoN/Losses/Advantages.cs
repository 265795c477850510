using TorchSharp;

namespace VariationalBoN.Losses;

/// <summary>Returns and advantages in double precision on the host. Stateless, thread-safe.</summary>
internal static class Advantages
{
    /// <summary>R_i = log g(y_i) - log pi(y_i), checked.</summary>
    internal static double[] Returns(torch.Tensor logProb, IReadOnlyList<double> targets, IReadOnlyList<int> groups)
    {
        ArgumentNullException.ThrowIfNull(targets);
        LossArguments.RequireLogProb(logProb, targets.Count, nameof(targets), groups);
        LossArguments.RequireFinite(targets, nameof(targets));
        double[] returns = LossArguments.FiniteValues(logProb, nameof(logProb));
        for (int i = 0; i < returns.Length; i++)
            returns[i] = targets[i] - returns[i];
        return returns;
    }

    /// <summary>Turns returns into advantages in place.</summary>
    internal static void Subtract(double[] returns, IReadOnlyList<int> groups, Baseline baseline)
    {
        if (baseline.Kind == BaselineKind.Constant)
        {
            for (int i = 0; i < returns.Length; i++)
                returns[i] -= baseline.Value;
            return;
        }

        CompletionGroups split = CompletionGroups.Of(groups, smallestGroup: 2);
        double[] means = Means(returns, split);
        for (int i = 0; i < returns.Length; i++)
        {
            double size = split.Sizes[split.GroupOf[i]];
            returns[i] = (returns[i] - means[split.GroupOf[i]]) * (baseline.Kind == BaselineKind.LeaveOneOut ? size / (size - 1) : 1);
        }
    }

    /// <summary>(R - mean) / (deviation + epsilon) of each group in place, deviation with K in the denominator; a group of equal returns gives zeros.</summary>
    internal static void Normalise(double[] returns, IReadOnlyList<int> groups, double epsilon)
    {
        CompletionGroups split = CompletionGroups.Of(groups, smallestGroup: 2);
        double[] means = Means(returns, split), squares = new double[means.Length];
        for (int i = 0; i < returns.Length; i++)
        {
            returns[i] -= means[split.GroupOf[i]];
            squares[split.GroupOf[i]] += returns[i] * returns[i] / split.Sizes[split.GroupOf[i]];
        }

        for (int i = 0; i < returns.Length; i++)
            returns[i] /= Math.Sqrt(squares[split.GroupOf[i]]) + epsilon;
    }

    private static double[] Means(double[] values, CompletionGroups split)
    {
        double[] means = new double[split.Sizes.Length];
        for (int i = 0; i < values.Length; i++)
            means[split.GroupOf[i]] += values[i] / split.Sizes[split.GroupOf[i]];
        return means;
    }
}
