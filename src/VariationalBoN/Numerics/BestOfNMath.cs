using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Numerics;

/// <summary>The Best-of-N density and its bounds, KL and ratios, in log space, for every real N of at least 1 at the same cost.</summary>
/// <remarks>
/// With p = pi_ref(y), F = P_ref(r &lt; r(y)): pi_bon(y) = (F + p)^N - F^N (Amini, Vieira, Cotterell, arXiv 2407.06057, eq. 3). The
/// log-ratio log pi_bon - log pi_ref is formed directly, never as a difference, because a completion of more than a few tokens has p below
/// the rounding of F. Its absolute error is below 2^-50 * scale, with scale about 2 + |log p| + log N + (N - 1) |log F| + N p / F: what the
/// rounding of the inputs alone would cause. Natural logarithms throughout. Stateless, thread-safe.
/// </remarks>
public static partial class BestOfNMath
{
    private const double LogSlack = 1e-12,
        MassSlack = 1e-9;

    /// <summary>log(pi_bon / pi_ref) = log(((F + p)^N - F^N) / p), for a reward that no other completion shares.</summary>
    /// <remarks>0 for N = 1; (N - 1) log p for F = 0; log N + (N - 1) log F in the limit p = 0; at most min(log N, -log p).</remarks>
    /// <param name="logReference">log p, the log-probability of the completion under the reference, in nats; at most 0.</param>
    /// <param name="logCdf">log F, the log-probability that a reference draw scores strictly less; at most 0, -infinity for none.</param>
    /// <param name="n">N, the number of draws; finite, at least 1.</param>
    /// <returns>The log-ratio in nats.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is NaN or out of range, or F + p exceeds 1 beyond rounding.</exception>
    public static double LogRatio(double logReference, double logCdf, double n)
    {
        CheckN(n);
        logReference = CheckLog(logReference, nameof(logReference), "log p of the completion");
        logCdf = CheckLog(logCdf, nameof(logCdf), "log F of its reward");
        return LogRatioUnchecked(logReference, logCdf, n);
    }

    /// <summary>log pi_bon(y) = log((F + p)^N - F^N), for a reward that no other completion shares.</summary>
    /// <remarks>log p, bit for bit, for N = 1; N log p for F = 0.</remarks>
    /// <param name="logReference">log p in nats; at most 0.</param>
    /// <param name="logCdf">log F, the log-probability that a reference draw scores strictly less; at most 0, -infinity for none.</param>
    /// <param name="n">N, the number of draws; finite, at least 1.</param>
    /// <returns>The log-density in nats, at most 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is NaN or out of range, or F + p exceeds 1 beyond rounding.</exception>
    public static double LogDensity(double logReference, double logCdf, double n) =>
        Math.Min(0, logReference + LogRatio(logReference, logCdf, n));

    /// <summary>log(pi_bon / pi_ref) = log((F_le^N - F_lt^N) / (F_le - F_lt)),
    /// for completions that share a reward, ties broken uniformly.</summary>
    /// <remarks>
    /// Every completion of the reward level has this ratio, whatever its own probability. 0 for N = 1;
    /// (N - 1) log F_le for F_lt = 0; log N + (N - 1) log F in the limit F_lt = F_le.
    /// </remarks>
    /// <param name="logCdfBelow">log F_lt = log P_ref(r &lt; r(y)); at most <paramref name="logCdfAtOrBelow"/>, -infinity for none.</param>
    /// <param name="logCdfAtOrBelow">log F_le = log P_ref(r &lt;= r(y)); at most 0.</param>
    /// <param name="n">N, the number of draws; finite, at least 1.</param>
    /// <returns>The log-ratio in nats.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is NaN or out of range, or F_lt exceeds F_le.</exception>
    public static double LogRatioWithTies(double logCdfBelow, double logCdfAtOrBelow, double n)
    {
        CheckN(n);
        logCdfBelow = CheckLog(logCdfBelow, nameof(logCdfBelow), "log F_lt");
        logCdfAtOrBelow = CheckLog(logCdfAtOrBelow, nameof(logCdfAtOrBelow), "log F_le");
        if (!(logCdfBelow <= logCdfAtOrBelow))
            throw new ArgumentOutOfRangeException(
                nameof(logCdfBelow),
                logCdfBelow,
                $"log F_lt must not exceed log F_le = {logCdfAtOrBelow:R}: what scores less is part of what scores at most as much. Take "
                    + $"both from the same sample, or swap the arguments."
            );
        return LogRatioOfLevel(logCdfBelow, logCdfAtOrBelow, logCdfAtOrBelow - logCdfBelow, n);
    }

    /// <summary><see cref="LogRatioWithTies(double, double, double)"/> with d = log(F_le / F_lt) given,
    /// which counts know better than a difference of logarithms.</summary>
    internal static double LogRatioOfLevel(double logBelow, double logAtOrBelow, double gap, double n)
    {
        if (n == 1)
            return 0;
        if (double.IsNegativeInfinity(logBelow))
            return (n - 1) * logAtOrBelow;
        double scaled = n * gap;
        if (scaled < LogMath.GSeriesEnd)
            return Math.Log(n) + ((n - 1) * logBelow) + LogMath.GSeries(scaled) - LogMath.GSeries(gap);
        return gap <= LogMath.Ln2
            ? ((n - 1) * logBelow) + LogMath.LogExpm1(scaled) - LogMath.LogExpm1(gap)
            : ((n - 1) * logAtOrBelow) + LogMath.Log1mExp(scaled) - LogMath.Log1mExp(gap);
    }

    private static double LogRatioUnchecked(double logP, double logF, double n)
    {
        if (double.IsNegativeInfinity(logF))
            return n == 1 ? 0 : (n - 1) * logP;
        if (double.IsNegativeInfinity(logP))
            return Math.Log(n) + ((n - 1) * logF);

        // d = log(G / F) with G = F + p; e^d - 1 = p / F = e^t, so that log(e^d - 1) is t itself.
        double t = logP - logF;
        if (t <= 0)
        {
            double d = LogMath.Log1pUnchecked(Math.Exp(t)),
                scaled = n * d;
            CheckMass(logF + d, logP, logF);
            if (n == 1)
                return 0;
            return scaled < LogMath.GSeriesEnd
                ? Math.Log(n) + ((n - 1) * logF) + LogMath.GSeries(scaled) - LogMath.GSeries(d)
                : ((n - 1) * logF) + LogMath.LogExpm1(scaled) - t;
        }

        double s = LogMath.Log1pUnchecked(Math.Exp(-t));
        CheckMass(logP + s, logP, logF);
        return n == 1 ? 0 : ((n - 1) * logP) + (n * s) + LogMath.Log1mExp(n * (t + s));
    }

    internal static void CheckN(double n)
    {
        if (!(n >= 1 && n < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(n), n, "N, the number of draws, must be finite and at least 1.");
    }

    /// <summary>Refuses what is no logarithm of a probability; a positive rounding error becomes 0.</summary>
    private static double CheckLog(double value, string argument, string meaning)
    {
        if (value <= 0)
            return value;
        if (!(value <= LogSlack))
            ThrowLog(value, argument, meaning);
        return 0;
    }

    private static void CheckMass(double logMass, double logP, double logF)
    {
        if (logMass > MassSlack)
            ThrowMass(logMass, logP, logF);
    }

    [DoesNotReturn]
    private static void ThrowLog(double value, string argument, string meaning) =>
        throw new ArgumentOutOfRangeException(
            argument,
            value,
            $"{meaning} is the natural logarithm of a probability: at most 0 and not NaN. Pass log-probabilities summed over tokens, not "
                + $"probabilities."
        );

    [DoesNotReturn]
    private static void ThrowMass(double logMass, double logReference, double logF) =>
        throw new ArgumentOutOfRangeException(
            nameof(logReference),
            logReference,
            $"p and F of one completion cannot add up to more than 1: log p = {logReference:R}, log F = {logF:R}, log(F + p) = "
                + $"{logMass:R}. If F is an estimate, lower log F to log(1 - p) first, or use LogRatioWithTies with both sides of the "
                + $"estimate."
        );
}
