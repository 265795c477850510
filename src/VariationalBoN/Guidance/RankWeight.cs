using System.Diagnostics.CodeAnalysis;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Guidance;

/// <summary>What the target is in terms of ranks: a weight w of F,
/// so that g = pi_ref w(F) with E_ref[w] = 1. Immutable, thread-safe.</summary>
/// <remarks>
/// Best-of-N has w = N F^(N - 1), the tilt by ranks w = exp(c F) / E[exp(c F)]. Over a part of the ranks from a to b the weight is its mean
/// there, (b^N - a^N) / (b - a) for Best-of-N: with the two sides of F at a reward
/// level that is the exact ratio pi_bon / pi_ref, ties included.
/// </remarks>
[Experimental(ExperimentalIds.Guidance)]
public readonly record struct RankWeight
{
    private RankWeight(double n, double c) => (N, C) = (n, c);

    /// <summary>N of Best-of-N; 0 for a tilt.</summary>
    public double N { get; }

    /// <summary>c of the tilt; 0 for Best-of-N.</summary>
    public double C { get; }

    /// <summary>The logarithm of the largest weight, at F = 1.</summary>
    public double LogLargest => IsTilt ? C - CalibratedTilt.LogNormaliser(C) : Math.Log(Draws);

    private bool IsTilt => C > 0;

    private double Draws => N == 0 ? 1 : N; // the default value is the reference itself

    /// <summary>The weight of Best-of-N.</summary>
    /// <param name="n">N; finite, at least 1, real. 1 gives the reference.</param>
    /// <returns>The weight.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public static RankWeight BestOf(double n)
    {
        BestOfNMath.CheckN(n);
        return new RankWeight(n, 0);
    }

    /// <summary>The weight of the tilt by ranks, <see cref="CalibratedTiltObjective"/>.</summary>
    /// <param name="c">c; finite, at least 0. 0 gives the reference, <see cref="CalibratedTilt.ForN"/> the KL of Best-of-N.</param>
    /// <returns>The weight.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="c"/> is not finite or negative.</exception>
    public static RankWeight Tilt(double c)
    {
        CalibratedTilt.Check(c);
        return new RankWeight(c == 0 ? 1 : 0, c);
    }

    /// <summary>log w over a part of the ranks: the logarithm of the mean weight from
    /// <paramref name="lower"/> to <paramref name="upper"/>.</summary>
    /// <param name="lower">The lower end, 0 to <paramref name="upper"/>.</param>
    /// <param name="upper">The upper end, at most 1.</param>
    /// <returns>A number, -infinity where both ends are 0 and N is above 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The ends are out of order or range.</exception>
    public double LogMean(double lower, double upper)
    {
        if (!(lower >= 0 && lower <= upper && upper <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(lower),
                lower,
                FormattableString.Invariant($"The ends of a part of the ranks must satisfy 0 <= lower <= upper <= 1; upper is {upper}.")
            );
        return IsTilt
            ? (C * lower) + LogMath.G(C * (upper - lower)) - CalibratedTilt.LogNormaliser(C)
            : BestOfNMath.LogRatioWithTies(Math.Log(lower), Math.Log(upper), Draws);
    }

    /// <summary>log w at a reward level, from the two sides of F there.</summary>
    /// <param name="cdf">log F_lt and log F_le.</param>
    /// <returns>log(pi_bon / pi_ref) for Best-of-N; c (F_lt + F_le) / 2 less its normaliser for the tilt,
    /// as its objective has it.</returns>
    public double LogAt(LogCdfPair cdf) =>
        IsTilt
            ? (C * (Math.Exp(cdf.Below) + Math.Exp(cdf.AtOrBelow)) / 2) - CalibratedTilt.LogNormaliser(C)
            : BestOfNMath.LogRatioWithTies(cdf.Below, cdf.AtOrBelow, Draws);

    /// <summary>The weight as text, such as "Best-of-8" or "tilt c = 9.05".</summary>
    public override string ToString() =>
        IsTilt ? FormattableString.Invariant($"tilt c = {C:R}") : FormattableString.Invariant($"Best-of-{Draws:R}");
}
