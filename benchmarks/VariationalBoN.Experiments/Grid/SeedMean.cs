using System.Globalization;

namespace VariationalBoN.Experiments.Grid;

/// <summary>A number over seeds: its mean with the standard error (NaN for one seed), its smallest and its largest. Immutable.</summary>
internal readonly record struct SeedMean(double Mean, double StandardError, double Low, double High)
{
    public static SeedMean Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double mean = all.Average();
        return new SeedMean(
            mean,
            Math.Sqrt(all.Sum(value => (value - mean) * (value - mean)) / (all.Length - 1) / all.Length),
            all.Min(),
            all.Max()
        );
    }

    /// <summary>"1.37 ± 0.02"; the mean alone for one seed, and where all are equal.</summary>
    public string Text(string format) =>
        Low == High
            ? Mean.ToString(format, CultureInfo.InvariantCulture)
            : $"{Mean.ToString(format, CultureInfo.InvariantCulture)} ± "
                + $"{StandardError.ToString(format.Split(';')[0].TrimStart('+'), CultureInfo.InvariantCulture)}";
}
