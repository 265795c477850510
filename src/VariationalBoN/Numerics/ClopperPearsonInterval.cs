using MathNet.Numerics.Distributions;

namespace VariationalBoN.Numerics;

/// <summary>
/// The Clopper-Pearson confidence interval of a probability, whose coverage is never below its confidence. Stateless, thread-safe.
/// </summary>
/// <remarks>
/// From the quantile a / 2 of Beta(k, n - k + 1) to the quantile 1 - a / 2 of Beta(k + 1, n - k), a = 1 - confidence; 0 at k = 0 and 1 at k
/// = n (Clopper, Pearson, Biometrika 26, 1934). Wider than <see cref="WilsonInterval"/>, which covers as much as it says on average only.
/// </remarks>
public static class ClopperPearsonInterval
{
    /// <summary>The interval of k successes in n independent trials.</summary>
    /// <param name="successes">k, 0 to n.</param>
    /// <param name="trials">n, at least 1.</param>
    /// <param name="confidence">The least share of such intervals that hold the truth, above 0 and below 1.</param>
    /// <returns>Two probabilities, within 1e-12.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range or NaN.</exception>
    public static Interval Of(int successes, int trials, double confidence = 0.95)
    {
        if (trials < 1)
            throw new ArgumentOutOfRangeException(nameof(trials), trials, "There must be at least 1 trial.");
        if (successes < 0 || successes > trials)
            throw new ArgumentOutOfRangeException(nameof(successes), successes, $"Successes must be 0 to {trials}, the number of trials.");
        if (!(confidence > 0 && confidence < 1))
            throw new ArgumentOutOfRangeException(
                nameof(confidence),
                confidence,
                "The confidence must be above 0 and below 1, such as 0.95."
            );
        double tail = (1 - confidence) / 2;
        return new(
            successes == 0 ? 0 : Beta.InvCDF(successes, trials - successes + 1, tail),
            successes == trials ? 1 : Beta.InvCDF(successes + 1, trials - successes, 1 - tail)
        );
    }
}
