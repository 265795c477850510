namespace VariationalBoN.Numerics;

public static partial class BestOfNMath
{
    /// <summary>The upper bound log N - (N - 1) / N of KL(pi_bon || pi_ref), reached
    /// when no single completion has positive probability and no rewards tie.</summary>
    /// <remarks>Beirami et al., arXiv 2401.01879, who show that it is a bound, not the value.</remarks>
    /// <param name="n">N; finite, at least 1.</param>
    /// <returns>The bound in nats, 0 for N = 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public static double KlUpperBound(double n)
    {
        CheckN(n);
        double d = n - 1;
        if (d >= 0.01)
            return Math.Log(n) - (d / n);
        double sum = 0; // d^2 / 2 - 2 d^3 / 3 + 3 d^4 / 4 - ..., where the two terms cancel
        for (int k = 9; k >= 2; k--)
            sum = ((k - 1.0) / k) - (d * sum);
        return d * d * sum;
    }

    /// <summary>
    /// An upper bound of KL(pi_bon || pi_ref) when the best reward level has reference mass e:
    /// (1 - e)^N (log N + (N - 1) log(1 - e) - (N - 1) / N) + b log(b / e), b = 1 - (1 - e)^N.
    /// </summary>
    /// <remarks>
    /// Exact when everything below the top level is continuous, and never above <see cref="KlUpperBound"/>: by data processing, merging
    /// levels can only lower a divergence. <see cref="KlUpperBound"/> for e = 0, 0 for e = 1.
    /// </remarks>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="topMass">e, the reference probability of the highest reward; 0 to 1.</param>
    /// <returns>The bound in nats, at least 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public static double KlTopAtomBound(double n, double topMass)
    {
        CheckN(n);
        if (!(topMass >= 0 && topMass <= 1))
            throw new ArgumentOutOfRangeException(nameof(topMass), topMass, "The mass of the top level is a probability, 0 to 1.");
        if (topMass == 1)
            return 0;
        double logRest = LogMath.Log1pUnchecked(-topMass),
            rest = Math.Exp(n * logRest),
            top = -LogMath.Expm1(n * logRest);
        double logTopRatio = LogRatioOfLevel(logRest, 0, -logRest, n);
        return Math.Max(0, (rest * (KlUpperBound(n) + ((n - 1) * logRest))) + (top * logTopRatio));
    }

    /// <summary>KL(pi_bon || pi_ref) = sum over reward levels of (F_le^N - F_lt^N)
    /// log((F_le^N - F_lt^N) / (F_le - F_lt)), exactly.</summary>
    /// <param name="levelMasses">The reference probability of each distinct reward,
    /// in ascending order of reward; they sum to 1 within 1e-9.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <returns>The divergence in nats, at least 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or a mass is out of range or NaN.</exception>
    /// <exception cref="ArgumentException">The masses do not sum to 1.</exception>
    public static double KlToReference(ReadOnlySpan<double> levelMasses, double n)
    {
        return Math.Max(0, MeanOverLevels(levelMasses, n, static (logRatio, _) => logRatio));
    }

    /// <summary>The probability N / (N + 1) that the best of N draws beats one more draw,
    /// when no single completion has positive probability and no rewards tie.</summary>
    /// <remarks>An upper bound of the win rate, ties counted half, in every other case.</remarks>
    /// <param name="n">N; finite, at least 1.</param>
    /// <returns>A probability, 1/2 for N = 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public static double WinRate(double n)
    {
        CheckN(n);
        return n / (n + 1);
    }

    /// <summary>The probability that the best of N draws beats one more draw, ties counted half:
    /// sum over levels of (F_le^N - F_lt^N) (F_lt + F_le) / 2.</summary>
    /// <param name="levelMasses">The reference probability of each distinct reward,
    /// in ascending order of reward; they sum to 1 within 1e-9.</param>
    /// <param name="n">N; finite, at least 1.</param>
    /// <returns>A probability, 1/2 for N = 1, at most N / (N + 1).</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> or a mass is out of range or NaN.</exception>
    /// <exception cref="ArgumentException">The masses do not sum to 1.</exception>
    public static double WinRate(ReadOnlySpan<double> levelMasses, double n)
    {
        return MeanOverLevels(levelMasses, n, static (_, midpoint) => midpoint);
    }

    /// <summary>The mean under Best-of-N of a function of the log-ratio and of (F_lt + F_le) / 2 of a level.</summary>
    private static double MeanOverLevels(ReadOnlySpan<double> masses, double n, Func<double, double, double> value)
    {
        CheckN(n);
        if (masses.IsEmpty)
            throw new ArgumentException("There are no reward levels; give the mass of at least one.", nameof(masses));
        double[] above = new double[masses.Length];
        double total = 0;
        for (int i = masses.Length - 1; i >= 0; i--)
        {
            if (!(masses[i] >= 0))
                throw new ArgumentOutOfRangeException(
                    nameof(masses),
                    masses[i],
                    $"The mass of level {i} is a probability, at least 0 and not NaN."
                );
            above[i] = total;
            total += masses[i];
        }

        if (!(Math.Abs(total - 1) <= MassSlack))
            throw new ArgumentException(
                $"The level masses sum to {total:R}; they must sum to 1. Divide them by their sum.",
                nameof(masses)
            );
        double below = 0,
            mean = 0;
        for (int i = 0; i < masses.Length; i++)
        {
            double mass = masses[i];
            if (mass == 0)
                continue;
            double logBelow = below <= total / 2 ? Math.Log(below / total) : LogMath.Log1pUnchecked(-(mass + above[i]) / total);
            double logAtOrBelow = above[i] <= total / 2 ? LogMath.Log1pUnchecked(-above[i] / total) : Math.Log((below + mass) / total);
            double logRatio = LogRatioOfLevel(logBelow, logAtOrBelow, LogMath.Log1pUnchecked(mass / below), n);
            mean += mass / total * Math.Exp(logRatio) * value(logRatio, (below + (mass / 2)) / total);
            below += mass;
        }

        return mean;
    }
}
