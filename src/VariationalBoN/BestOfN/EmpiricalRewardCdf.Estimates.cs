using VariationalBoN.Numerics;

namespace VariationalBoN.BestOfN;

public sealed partial class EmpiricalRewardCdf
{
    /// <summary>
    /// The default estimate, the completion itself counted as one more sample: F_lt = k_lt / (M + 1), F_le = (k_lt + k_eq + 1) / (M + 1).
    /// </summary>
    /// <remarks>For a new completion, not one of the M. Tie-aware and bounded;
    /// exp(log-ratio) has mean exactly 1 over the M + 1 pooled samples.</remarks>
    /// <param name="reward">A finite reward.</param>
    /// <returns>Both logarithms; the first is -infinity when nothing lies below, the second is finite.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public LogCdfPair SelfInclusive(double reward) => Ranks(reward).SelfInclusive;

    /// <summary>
    /// <see cref="SelfInclusive"/> for a completion that is one of the M, ranked among the others:
    /// F_lt = k_lt / M, F_le = (k_lt + k_eq) / M, k_eq counting itself.
    /// </summary>
    /// <param name="reward">One of the M rewards.</param>
    /// <returns>Both logarithms; the first is -infinity when nothing lies below.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is not among the M, or not finite.</exception>
    public LogCdfPair InSample(double reward) => RanksAmongOthers(reward).SelfInclusive;

    /// <summary>log((k_lt + 1) / (M + 1)), the estimate of the paper; never -infinity.</summary>
    /// <remarks>Source: rycolab/vbon. Its bias is about +(1 - F) / (2 M F).</remarks>
    /// <param name="reward">A finite reward.</param>
    /// <returns>-log(M + 1) to 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public double LogLaplace(double reward) => Ranks(reward).LogLaplace;

    /// <summary>H_k - H_M = -sum_{j = k + 1..M} 1 / j with k = k_lt: the estimate of log F to report.</summary>
    /// <remarks>Its expectation is the degree-M Taylor polynomial of log F at 1,
    /// so its bias is between 0 and (1 - F)^(M + 1) / ((M + 1) F).</remarks>
    /// <param name="reward">A finite reward.</param>
    /// <returns>-H_M to 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public double LogHarmonic(double reward) => Ranks(reward).Harmonic.Below;

    /// <summary>(k_lt + k_eq / 2) / M: the share of reference samples that the reward beats, ties counted half.</summary>
    /// <param name="reward">A finite reward.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reward"/> is NaN or infinite.</exception>
    public double MidRank(double reward)
    {
        (int below, int atOrBelow) = Counts(reward);
        return ((double)below + atOrBelow) / 2 / Count;
    }

    /// <summary>The pointwise confidence interval of F_lt = P_ref(r &lt; reward):
    /// <see cref="ClopperPearsonInterval"/> of k_lt successes in M trials.</summary>
    /// <remarks>For one reward at a time; a band that holds for all rewards at once
    /// (Dvoretzky-Kiefer-Wolfowitz) is hopelessly wide where F is near 1.</remarks>
    /// <param name="reward">A finite reward.</param>
    /// <param name="confidence">The least share of such intervals that hold F_lt, above 0 and below 1.</param>
    /// <returns>Two probabilities; 0 below when nothing lies below the reward, 1 above when everything does.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public Interval BandBelow(double reward, double confidence = 0.95) =>
        ClopperPearsonInterval.Of(Counts(reward).Below, Count, confidence);

    /// <summary>
    /// The pointwise confidence interval of F_le = P_ref(r &lt;= reward):
    /// <see cref="ClopperPearsonInterval"/> of k_lt + k_eq successes in M trials.
    /// </summary>
    /// <param name="reward">A finite reward.</param>
    /// <param name="confidence">The least share of such intervals that hold F_le, above 0 and below 1.</param>
    /// <returns>Two probabilities.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public Interval BandAtOrBelow(double reward, double confidence = 0.95) =>
        ClopperPearsonInterval.Of(Counts(reward).AtOrBelow, Count, confidence);

    /// <summary>The band of log F_lt: the logarithms of <see cref="BandBelow"/>.</summary>
    /// <remarks>N - 1 times its width is how well the target of one completion is known; above 1 nat, hardly.</remarks>
    /// <param name="reward">A finite reward.</param>
    /// <param name="confidence">The least share of such intervals that hold log F_lt, above 0 and below 1.</param>
    /// <returns>Two logarithms; -infinity below when nothing lies below the reward.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public Interval LogBandBelow(double reward, double confidence = 0.95) => Log(BandBelow(reward, confidence));

    /// <summary>The band of log F_le: the logarithms of <see cref="BandAtOrBelow"/>.</summary>
    /// <param name="reward">A finite reward.</param>
    /// <param name="confidence">The least share of such intervals that hold log F_le, above 0 and below 1.</param>
    /// <returns>Two logarithms; -infinity below when nothing lies at or below the reward.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public Interval LogBandAtOrBelow(double reward, double confidence = 0.95) => Log(BandAtOrBelow(reward, confidence));

    private static Interval Log(Interval band) => new(Math.Log(band.Lower), Math.Log(band.Upper));
}
