using System.Globalization;

namespace VariationalBoN;

/// <summary>A mean with its standard error and the number of independent observations behind it.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="StandardError">One standard error, in the unit of <paramref name="Value"/>; infinite when a single observation tells nothing of its spread.</param>
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
        double mean = 0, squares = 0;
        int count = 0;
        foreach (double x in observations)
        {
            count++;
            double delta = x - mean;
            mean += delta / count;
            squares += delta * (x - mean);
        }

        if (count == 0)
            throw new ArgumentException("An estimate needs at least one observation.", nameof(observations));
        return new Estimate(mean, count == 1 ? double.PositiveInfinity : Math.Sqrt(squares / (count - 1) / count), count);
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
        if (observations.Count == 0 || observations.Count != clusters.Count)
            throw new ArgumentException($"There are {observations.Count} observations and {clusters.Count} clusters; give at least one observation and one cluster to each.", nameof(clusters));
        double mean = observations.Average();
        var deviations = new Dictionary<int, double>();
        for (int i = 0; i < observations.Count; i++)
            deviations[clusters[i]] = deviations.GetValueOrDefault(clusters[i]) + observations[i] - mean;
        int count = deviations.Count;
        double squares = deviations.Values.Sum(d => d * d);
        return new Estimate(mean, count == 1 ? double.PositiveInfinity : Math.Sqrt(squares * count / (count - 1)) / observations.Count, count);
    }

    /// <summary>The value with its error, such as "1.404 ± 0.021".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value:0.000} ± {StandardError:0.000}");
}
