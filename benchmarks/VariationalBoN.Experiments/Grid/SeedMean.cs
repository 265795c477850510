using System.Globalization;

namespace VariationalBoN.Experiments.Grid;

/// <summary>A number over seeds: its mean, smallest and largest. Immutable.</summary>
internal readonly record struct SeedMean(double Mean, double Low, double High)
{
    public static SeedMean Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        return new SeedMean(all.Average(), all.Min(), all.Max());
    }

    /// <summary>"1.37 (1.35 to 1.42)".</summary>
    public string Text(string format) => Low == High
        ? Mean.ToString(format, CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Mean.ToString(format, CultureInfo.InvariantCulture)} ({Low.ToString(format, CultureInfo.InvariantCulture)} to {High.ToString(format, CultureInfo.InvariantCulture)})");
}
