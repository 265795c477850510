using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN;

/// <summary>The reference tilted by its own ranks: log g = log pi_ref(y | x) + c F(r(y)),
/// F = (F_lt + F_le) / 2 the probability to beat a reference draw.</summary>
/// <remarks>
/// Of all policies with its KL to the reference, g has the greatest win rate (<see cref="CalibratedTilt"/>). Like Best-of-N it depends on
/// the reward through ranks alone; unlike log F, c F is bounded, so that the
/// worst completion of a prompt does not rule the gradient. c = 0 gives log pi_ref. Immutable, thread-safe.
/// </remarks>
public sealed class CalibratedTiltObjective : IVariationalObjective
{
    /// <summary>Creates the objective of a strength.</summary>
    /// <param name="bestOfN">Gives F of each prompt; its N plays no part.</param>
    /// <param name="c">c, in nats; finite, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="c"/> is NaN, infinite or negative.</exception>
    public CalibratedTiltObjective(IBoNDistribution bestOfN, double c)
    {
        ArgumentNullException.ThrowIfNull(bestOfN);
        CalibratedTilt.Check(c);
        (BestOfN, C) = (bestOfN, c);
    }

    /// <summary>c, the strength of the tilt, in nats.</summary>
    public double C { get; }

    /// <summary>The distribution that gives F.</summary>
    internal IBoNDistribution BestOfN { get; }

    /// <inheritdoc/>
    public ScoringIdentity? Requires => BestOfN.Origin;

    /// <summary>The objective that goes as far from the reference as Best-of-N does: c = <see cref="CalibratedTilt.ForN"/>.</summary>
    /// <remarks>KL(g || pi_ref) is log N - (N - 1) / N for continuous rewards; with ties that is a bound of both.</remarks>
    /// <param name="bestOfN">Gives F and N, such as <c>table.BestOf(n: 8)</c>; N = 1 gives the reference itself.</param>
    /// <returns>The objective.</returns>
    public static CalibratedTiltObjective ForN(IBoNDistribution bestOfN)
    {
        ArgumentNullException.ThrowIfNull(bestOfN);
        return ForN(bestOfN, bestOfN.N);
    }

    /// <summary>The tilt that is calibrated for another N than that of the distribution.</summary>
    /// <param name="bestOfN">Gives F of each prompt.</param>
    /// <param name="n">N; finite, at least 1, real.</param>
    /// <returns>The objective.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is out of range or NaN.</exception>
    public static CalibratedTiltObjective ForN(IBoNDistribution bestOfN, double n) => new(bestOfN, CalibratedTilt.ForN(n));

    /// <summary>log pi_ref(y | x) + c F(r(y)), in nats.</summary>
    /// <param name="completion">The scored completion.</param>
    /// <returns>A finite number where log pi_ref is finite.</returns>
    /// <exception cref="KeyNotFoundException">The distribution knows nothing of the prompt.</exception>
    public double LogTarget(ScoredCompletion completion)
    {
        if (C == 0)
            return completion.LogReference;
        LogCdfPair cdf = BestOfN.LogCdf(completion.Completion.Prompt, completion.Reward);
        return completion.LogReference + (C * ((Math.Exp(cdf.Below) + Math.Exp(cdf.AtOrBelow)) / 2));
    }
}
