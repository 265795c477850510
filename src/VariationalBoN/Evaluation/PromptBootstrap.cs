using System.Numerics;
using System.Runtime.InteropServices;
using MathNet.Numerics.Distributions;

namespace VariationalBoN.Evaluation;

/// <summary>Bootstrap intervals of column means over rows (prompts). Stateless, thread-safe.</summary>
internal static class PromptBootstrap
{
    /// <summary>Resamples that are summed in one walk over the values, so that each row is read from memory once for all of them.</summary>
    private const int Together = 8;

    /// <summary>One interval for the mean of each column of a [rows, columns] matrix; infinite for a single row.</summary>
    public static Interval[] OfMeans(double[] values, int rows, int columns, BootstrapOptions options)
    {
        if (rows == 1)
            return [.. Enumerable.Repeat(new Interval(double.NegativeInfinity, double.PositiveInfinity), columns)];
        double[][] means = Means(values, rows, columns, options);
        double[] column = new double[means.Length];
        var intervals = new Interval[columns];
        for (int c = 0; c < columns; c++)
        {
            for (int r = 0; r < column.Length; r++)
                column[r] = means[r][c];
            intervals[c] = OfResamples(column, rows, options.Confidence);
        }

        return intervals;
    }

    /// <summary>The column means of each resample of the rows, [resamples][columns].</summary>
    public static double[][] Means(double[] values, int rows, int columns, BootstrapOptions options)
    {
        double[][] means = [.. Enumerable.Range(0, options.Resamples).Select(_ => new double[columns])]; // [resamples][columns]
        int[][] counts = [.. Enumerable.Range(0, Together).Select(_ => new int[rows])];
        for (int first = 0; first < means.Length; first += Together)
        {
            int together = Math.Min(Together, means.Length - first);
            for (int r = 0; r < together; r++)
                Draw(counts[r], new CounterRandom(new DrawSeed(options.Seed, DrawPurpose.Resampling), "prompts", first + r));
            for (int row = 0; row < rows; row++)
            {
                for (int r = 0; r < together; r++)
                {
                    if (counts[r][row] > 0)
                        AddScaled(means[first + r], values.AsSpan(row * columns, columns), (double)counts[r][row] / rows);
                }
            }
        }

        return means;
    }

    /// <summary>The interval of a statistic from its values in the resamples of two rows or more, which are sorted in place.</summary>
    public static Interval OfResamples(double[] statistic, int rows, double confidence)
    {
        double tail = Tail(rows, confidence);
        Array.Sort(statistic);
        return new Interval(Quantile(statistic, tail), Quantile(statistic, 1 - tail));
    }

    /// <summary>The share of resamples cut at each end.</summary>
    internal static double Tail(int rows, double confidence) =>
        Normal.CDF(0, 1, Math.Sqrt(rows / (rows - 1.0)) * StudentT.InvCDF(0, 1, rows - 1, (1 - confidence) / 2));

    /// <summary>How often each row stands in a resample.</summary>
    internal static void Draw(int[] counts, CounterRandom random)
    {
        Array.Clear(counts);
        for (int i = 0; i < counts.Length; i++)
            counts[(int)(random.Uniform(i) * counts.Length)]++;
    }

    private static void AddScaled(Span<double> sums, ReadOnlySpan<double> values, double weight)
    {
        var wideSums = MemoryMarshal.Cast<double, Vector<double>>(sums);
        var wideValues = MemoryMarshal.Cast<double, Vector<double>>(values);
        for (int i = 0; i < wideSums.Length; i++)
            wideSums[i] += wideValues[i] * weight;
        for (int i = wideSums.Length * Vector<double>.Count; i < sums.Length; i++)
            sums[i] += values[i] * weight;
    }

    /// <summary>A quantile of sorted values, between their ends.</summary>
    internal static double Quantile(double[] sorted, double share)
    {
        double position = Math.Clamp((share * (sorted.Length + 1)) - 1, 0, sorted.Length - 1);
        int low = (int)position,
            high = Math.Min(low + 1, sorted.Length - 1);
        if (sorted[high] == sorted[low] || double.IsInfinity(sorted[high]))
            return position == low ? sorted[low] : sorted[high]; // infinite: a resample in which there is no such number
        return sorted[low] + (2 * ((position - low) * ((sorted[high] / 2) - (sorted[low] / 2)))); // halves: a difference may overflow
    }
}
