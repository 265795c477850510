using System.Globalization;

namespace VariationalBoN;

/// <summary>A mean with its standard error and the number of independent observations behind it. Immutable, thread-safe.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="StandardError">One standard error, in the unit of <paramref name="Value"/>;
/// infinite when a single observation tells nothing of its spread.</param>
/// <param name="Count">The number of independent observations (prompts, when completions are clustered by prompt).</param>
public readonly record struct Estimate(double Value, double StandardError, int Count)
{
    /// <summary>The mean of independent observations with standard error sd / sqrt(n), sd with n - 1 in the denominator.</summary>
    /// <param name="observations">At least one value.</param>
    /// <returns>The estimate; with one observation the standard error is positive infinity.</returns>
    /// <exception cref="ArgumentException">There is no observation.</exception>
    public static Estimate FromObservations(IEnumerable<double> observations)
    {
        ArgumentNullException.ThrowIfNull(observations);
        double[] values = [.. observations];
        if (values.Length == 0)
            throw new ArgumentException("An estimate needs at least one observation.", nameof(observations));
        double scale = Scale(values),
            mean = 0,
            squares = 0;
        int count = 0;
        foreach (double value in values)
        {
            count++;
            double x = value * scale,
                delta = x - mean;
            mean += delta / count;
            squares += delta * (x - mean);
        }

        return Scaled(mean, count == 1 ? double.PositiveInfinity : Math.Sqrt(squares / (count - 1) / count), count, scale);
    }

    /// <summary>
    /// The mean of all observations with a standard error over clusters (prompts), by the linearised ratio estimator:
    /// se^2 = C / (C - 1) sum_c (S_c - n_c mean)^2 / n^2.
    /// </summary>
    /// <remarks>Completions of one prompt are not independent; taking prompts as the unit keeps the error honest.</remarks>
    /// <param name="observations">At least one value.</param>
    /// <param name="clusters">The cluster of each value, same length.</param>
    /// <returns>The estimate; <see cref="Count"/> is the number of clusters, and with one cluster the error is positive infinity.</returns>
    /// <exception cref="ArgumentException">There is no observation, or the lengths differ.</exception>
    public static Estimate FromClusters(IReadOnlyList<double> observations, IReadOnlyList<int> clusters)
    {
        ArgumentNullException.ThrowIfNull(observations);
        ArgumentNullException.ThrowIfNull(clusters);
        double[] values = [.. observations];
        int[] labels = [.. clusters];
        if (values.Length == 0 || values.Length != labels.Length)
            throw new ArgumentException(
                $"There are {values.Length} observations and {labels.Length} clusters; give at least one observation "
                    + "and one cluster to each.",
                nameof(clusters)
            );
        double scale = Scale(values),
            mean = values.Average(value => value * scale);
        var deviations = new Dictionary<int, double>();
        for (int i = 0; i < values.Length; i++)
            deviations[labels[i]] = deviations.GetValueOrDefault(labels[i]) + (values[i] * scale) - mean;
        int count = deviations.Count;
        double squares = deviations.Values.Sum(d => d * d);
        return Scaled(mean, count == 1 ? double.PositiveInfinity : Math.Sqrt(squares * count / (count - 1)) / values.Length, count, scale);
    }

    /// <summary>1; where sums or squares could overflow, the power of 2 that makes the largest number about 1.</summary>
    private static double Scale(double[] values)
    {
        double largest = values.Max(Math.Abs);
        return largest > 1e140 && double.IsFinite(largest) ? Math.ScaleB(1, -Math.ILogB(largest)) : 1;
    }

    /// <summary>The estimate of numbers that were multiplied by a scale;
    /// a mean of finite numbers is finite, whatever rounding does.</summary>
    private static Estimate Scaled(double mean, double error, int count, double scale) =>
        scale == 1
            ? new Estimate(mean, error, count)
            : new Estimate(
                Math.Clamp(mean / scale, -double.MaxValue, double.MaxValue),
                count == 1 ? error : Math.Min(error / scale, double.MaxValue),
                count
            );

    /// <summary>The value with its error, such as "1.404 ± 0.021".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value:0.000} ± {StandardError:0.000}");
}
