using MathNet.Numerics.Distributions;

namespace VariationalBoN.Numerics;

/// <summary>The Wilson confidence interval of a probability, from a count of successes. Stateless, thread-safe.</summary>
/// <remarks>
/// (p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n), p = k / n (Wilson, JASA 22, 1927): never empty at k = 0 or n,
/// unlike p ± z se. For independent trials; completions of few prompts are not,
/// so that a win rate over prompts takes <see cref="Estimate.FromClusters"/>.
/// </remarks>
public static class WilsonInterval
{
    /// <summary>The interval of k successes in n trials.</summary>
    /// <param name="successes">k, 0 to n; a tie may count half.</param>
    /// <param name="trials">n, at least 1.</param>
    /// <param name="confidence">The share of such intervals that hold the truth, above 0 and below 1.</param>
    /// <returns>Two probabilities.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public static Interval Of(double successes, int trials, double confidence = 0.95)
    {
        if (trials < 1)
            throw new ArgumentOutOfRangeException(nameof(trials), trials, "There must be at least 1 trial.");
        if (!(successes >= 0 && successes <= trials))
            throw new ArgumentOutOfRangeException(nameof(successes), successes, $"Successes must be 0 to {trials}, the number of trials.");
        if (!(confidence > 0 && confidence < 1))
            throw new ArgumentOutOfRangeException(
                nameof(confidence),
                confidence,
                "The confidence must be above 0 and below 1, such as 0.95."
            );
        double z = Normal.InvCDF(0, 1, (1 + confidence) / 2),
            p = successes / trials,
            square = z * z / trials;
        double middle = (p + (square / 2)) / (1 + square),
            half = z * Math.Sqrt((p * (1 - p) / trials) + (square / 4 / trials)) / (1 + square);
        return new(successes == 0 ? 0 : Math.Max(0, middle - half), successes == trials ? 1 : Math.Min(1, middle + half));
    }
}
