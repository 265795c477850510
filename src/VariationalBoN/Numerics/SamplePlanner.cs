using System.Globalization;

namespace VariationalBoN.Numerics;

/// <summary>How many reference rewards M a Best-of-N target needs, by KL = N (N - 1) / (2 (2 N - 1) M),
/// about N / (4 M). Stateless, thread-safe.</summary>
/// <remarks>
/// The expected divergence, in either direction and to first order in 1 / M, between the Best-of-N
/// distribution and the one that F estimated from M rewards gives, for continuous rewards; simulations hold it
/// within 2 % from M = N on. For M below N / 2 the error is larger than this, and the target cannot be used.
/// </remarks>
public static class SamplePlanner
{
    /// <summary>The error of the target, in nats, above which <see cref="Warning"/> warns.</summary>
    public const double MaxGoodKl = 0.1;

    /// <summary>The expected error of the target: KL between the estimated and the true Best-of-N distribution of a prompt.</summary>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="samplesPerPrompt">M, at least 1.</param>
    /// <returns>Nats, 0 for N = 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public static double ExpectedKl(double n, int samplesPerPrompt)
    {
        BestOfNMath.CheckN(n);
        CheckSamples(samplesPerPrompt);
        return Numerator(n) / samplesPerPrompt;
    }

    /// <summary>The fewest samples M whose <see cref="ExpectedKl"/> is at most a wanted error;
    /// at least N / 2, below which the formula does not hold.</summary>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="nats">The wanted error, above 0; 0.05 gives about 5 N, 0.01 about 25 N.</param>
    /// <returns>M, at least 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN,
    /// or more than 2^31 - 1 samples would be needed.</exception>
    public static int SamplesPerPrompt(double n, double nats)
    {
        BestOfNMath.CheckN(n);
        CheckNats(nats);
        double samples = Math.Max(Math.Ceiling(Numerator(n) / nats), Math.Ceiling(n / 2));
        if (!(samples < int.MaxValue))
            throw new ArgumentOutOfRangeException(
                nameof(nats),
                nats,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"An error of {nats:R} nats at N = {n:R} would take {samples:0.#e+0} samples for each prompt; take a smaller N or "
                        + $"allow a larger error."
                )
            );
        return (int)samples + (ExpectedKl(n, (int)samples) > nats ? 1 : 0); // the quotient may have been rounded down
    }

    /// <summary>The largest N whose <see cref="ExpectedKl"/> is at most a wanted error: (1 + c + sqrt(1 + c^2)) / 2, c = 4 M nats; at most
    /// 2 M, beyond which the formula does not hold.</summary>
    /// <param name="samplesPerPrompt">M, at least 1.</param>
    /// <param name="nats">The wanted error, above 0.</param>
    /// <returns>N, above 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public static double MaxN(int samplesPerPrompt, double nats)
    {
        CheckSamples(samplesPerPrompt);
        CheckNats(nats);
        double c = 4.0 * samplesPerPrompt * nats;
        return Math.Min(2.0 * samplesPerPrompt, (1 + c + Math.Sqrt(1 + (c * c))) / 2);
    }

    /// <summary>Says that M samples are too few for N: <see cref="ExpectedKl"/> above <see cref="MaxGoodKl"/>,
    /// as it always is for N above 2 M.</summary>
    /// <param name="n">N; finite, at least 1.</param>
    /// <param name="samplesPerPrompt">M, at least 1.</param>
    /// <returns>What is wrong and what to do, in one sentence or two; null when there are enough.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public static string? Warning(double n, int samplesPerPrompt)
    {
        double kl = ExpectedKl(n, samplesPerPrompt),
            largest = MaxN(samplesPerPrompt, MaxGoodKl);
        if (kl <= MaxGoodKl)
            return null;
        double samples = Math.Ceiling(Numerator(n) / MaxGoodKl);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"M = {samplesPerPrompt} reference rewards are few for N = {n:0.###}: the estimated Best-of-N distribution is expected to be "
                + $"{(n > 2.0 * samplesPerPrompt ? "more than " : "")}{kl:0.00} nats (KL) away from the true one, and up to {MaxGoodKl} "
                + $"nats are good. Draw at least {samples:0} samples for each prompt, or take N of at most "
                + $"{Math.Floor(largest):0}."
        );
    }

    private static double Numerator(double n) => n / 2 * ((n - 1) / ((2 * n) - 1));

    private static void CheckSamples(int samplesPerPrompt)
    {
        if (samplesPerPrompt < 1)
            throw new ArgumentOutOfRangeException(
                nameof(samplesPerPrompt),
                samplesPerPrompt,
                "M, the reference samples of a prompt, must be at least 1."
            );
    }

    private static void CheckNats(double nats)
    {
        if (!(nats > 0 && nats < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(
                nameof(nats),
                nats,
                "The wanted error, in nats, must be finite and above 0, such as 0.05."
            );
    }
}
