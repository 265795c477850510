using System.Globalization;
using MathNet.Numerics.Statistics;

namespace VariationalBoN.Benchmarks;

/// <summary>How the numbers of several rounds are printed.</summary>
internal static class Rounds
{
    /// <summary>Median and range, such as "1.5 (1.2 to 1.9)"; of two rounds the median is their mean.</summary>
    public static string MedianAndRange(this IEnumerable<double> values, string format)
    {
        double[] all = [.. values];
        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return $"{Text(all.Median())} ({Text(all.Min())} to {Text(all.Max())})";
    }
}
