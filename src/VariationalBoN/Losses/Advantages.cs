using TorchSharp;

namespace VariationalBoN.Losses;

/// <summary>Returns and advantages in double precision on the host. Stateless, thread-safe.</summary>
internal static class Advantages
{
    /// <summary>
    /// How far a log-probability that is a sum of float32 ones may be off, as a part of it: 16 units in the last place, since each token's
    /// is the difference of a logit and a sum that are larger than it, and a batch of another size adds in another order.
    /// </summary>
    private const double Rounding = 1.0 / (1 << 20);

    /// <summary>Below it the logits, which are no smaller for a token that is nearly certain, decide the rounding; in nats.</summary>
    private const double SmallestMagnitude = 16;

    private const string AdvantagesName = "advantages";

    /// <summary>R_i = log g(y_i) - log pi(y_i), checked.</summary>
    internal static double[] Returns(torch.Tensor logProb, IReadOnlyList<double> targets, IReadOnlyList<int> groups)
    {
        ArgumentNullException.ThrowIfNull(targets);
        double[] read = [.. targets];
        LossArguments.RequireLogProb(logProb, read.Length, nameof(targets), groups);
        LossArguments.RequireFinite(read, nameof(targets));
        double[] returns = LossArguments.FiniteValues(logProb, nameof(logProb));
        for (int i = 0; i < returns.Length; i++)
            returns[i] = read[i] - returns[i];
        return returns;
    }

    /// <summary>Turns returns into advantages in place.</summary>
    internal static void Subtract(double[] returns, IReadOnlyList<int> groups, Baseline baseline)
    {
        if (baseline.Kind == BaselineKind.Constant)
        {
            for (int i = 0; i < returns.Length; i++)
                returns[i] -= baseline.Value;
            LossArguments.RequireFinite(returns, AdvantagesName);
            return;
        }

        CompletionGroups split = CompletionGroups.Of(groups, smallestGroup: 2);
        double[] means = Means(returns, split);
        for (int i = 0; i < returns.Length; i++)
        {
            double size = split.Sizes[split.GroupOf[i]];
            returns[i] = (returns[i] - means[split.GroupOf[i]]) * (baseline.Kind == BaselineKind.LeaveOneOut ? size / (size - 1) : 1);
        }

        LossArguments.RequireFinite(returns, AdvantagesName);
    }

    /// <summary>
    /// (R - mean) / deviation of each group in place, times the share 1 - (noise / deviation)^2 of the variance that is none of the
    /// rounding of log pi; deviation with K in the denominator. A group whose returns are equal, or differ by rounding alone, gives zeros.
    /// </summary>
    /// <param name="returns">R.</param>
    /// <param name="logProbs">The log pi inside R, whose rounding is meant.</param>
    /// <param name="groups">The group of each.</param>
    internal static void Normalise(double[] returns, double[] logProbs, IReadOnlyList<int> groups)
    {
        CompletionGroups split = CompletionGroups.Of(groups, smallestGroup: 2);
        double[] means = Means(returns, split),
            squares = new double[means.Length],
            noise = new double[means.Length];
        for (int i = 0; i < returns.Length; i++)
        {
            int group = split.GroupOf[i];
            returns[i] -= means[group];
            squares[group] += returns[i] * returns[i] / split.Sizes[group];
            noise[group] = Math.Max(noise[group], Rounding * Math.Max(SmallestMagnitude, Math.Abs(logProbs[i])));
        }

        LossArguments.RequireFinite(squares, "variances of returns");
        for (int i = 0; i < returns.Length; i++)
        {
            double deviation = Math.Sqrt(squares[split.GroupOf[i]]),
                part = noise[split.GroupOf[i]] / deviation;
            returns[i] = part < 1 ? returns[i] / deviation * (1 - (part * part)) : 0;
        }
    }

    private static double[] Means(double[] values, CompletionGroups split)
    {
        double[] means = new double[split.Sizes.Length];
        for (int i = 0; i < values.Length; i++)
            means[split.GroupOf[i]] += values[i] / split.Sizes[split.GroupOf[i]];
        return means;
    }
}
