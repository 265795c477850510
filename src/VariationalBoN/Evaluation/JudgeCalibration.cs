using System.Collections.Immutable;
using VariationalBoN.Numerics;

namespace VariationalBoN.Evaluation;

/// <summary>The reliability of a judge's probabilities: bins, the expected calibration error,
/// its interval and what chance alone makes. Stateless, thread-safe.</summary>
internal static class JudgeCalibration
{
    private const int BinCount = 10;
    private const double Least = 0.5; // a judge is at least half sure of what it prefers

    /// <summary>Probabilities of what is preferred, 1/2 to 1, and whether the labels agree, ties 1/2.</summary>
    internal static ImmutableArray<CalibrationBin> Bins(double[] sure, double[] right)
    {
        var bins = new CalibrationBin[BinCount];
        for (int b = 0; b < BinCount; b++)
        {
            int[] members = [.. Enumerable.Range(0, sure.Length).Where(i => BinOf(sure[i]) == b)];
            double lower = Least + (b * (1 - Least) / BinCount),
                upper = Least + ((b + 1) * (1 - Least) / BinCount),
                agreed = members.Sum(i => right[i]);
            bins[b] =
                members.Length == 0
                    ? new CalibrationBin(lower, upper, 0, 0, 0, new Interval(0, 1))
                    : new CalibrationBin(
                        lower,
                        upper,
                        members.Length,
                        members.Average(i => sure[i]),
                        agreed / members.Length,
                        WilsonInterval.Of(agreed, members.Length)
                    );
        }

        return [.. bins];
    }

    /// <summary>sum_b n_b / n |observed - predicted|.</summary>
    internal static double Error(double[] sure, double[] right)
    {
        double[] gaps = new double[BinCount];
        for (int i = 0; i < sure.Length; i++)
            gaps[BinOf(sure[i])] += right[i] - sure[i];
        return gaps.Sum(Math.Abs) / sure.Length;
    }

    /// <summary>Errors of a judge whose probabilities are the truth, ascending: labels are drawn by them.</summary>
    internal static double[] OfCalibrated(double[] sure, double[] right, BootstrapOptions options)
    {
        double[] errors = new double[options.Resamples],
            drawn = new double[sure.Length];
        for (int r = 0; r < errors.Length; r++)
        {
            var random = new CounterRandom(new DrawSeed(options.Seed, DrawPurpose.Resampling), "labels", r);
            for (int i = 0; i < drawn.Length; i++)
                drawn[i] =
                    right[i] == 0.5 ? 0.5
                    : random.Uniform(i) < sure[i] ? 1
                    : 0;
            errors[r] = Error(sure, drawn);
        }

        Array.Sort(errors);
        return errors;
    }

    /// <summary>The interval of the error over prompts.</summary>
    /// <remarks>
    /// Every bar's gap is taken without its sign, so that the estimate e is too high by chance, and resamples more so. The upper end is the
    /// quantile q of the resamples, which is cautious; the lower end mirrors it,
    /// 2 e - q, and is 0 where a calibrated judge would have such an error as well.
    /// </remarks>
    internal static Interval ErrorInterval(
        double error,
        double[] sure,
        double[] right,
        int[] prompts,
        double[] ofCalibrated,
        BootstrapOptions options
    )
    {
        int rows = prompts.Max() + 1;
        if (rows == 1)
            return new Interval(0, 1);
        double[] gaps = new double[rows * BinCount];
        int[] sizes = new int[rows];
        for (int i = 0; i < sure.Length; i++)
        {
            gaps[(prompts[i] * BinCount) + BinOf(sure[i])] += right[i] - sure[i];
            sizes[prompts[i]]++;
        }

        double[] errors = new double[options.Resamples];
        int[] counts = new int[rows];
        for (int r = 0; r < errors.Length; r++)
        {
            PromptBootstrap.Draw(counts, new CounterRandom(new DrawSeed(options.Seed, DrawPurpose.Resampling), "prompts", r));
            errors[r] = Resampled(gaps, sizes, counts);
        }

        Array.Sort(errors);
        double upper = PromptBootstrap.Quantile(errors, 1 - PromptBootstrap.Tail(rows, options.Confidence));
        bool byChance = error <= PromptBootstrap.Quantile(ofCalibrated, options.Confidence);
        return new Interval(byChance ? 0 : Math.Clamp((2 * error) - upper, 0, error), Math.Clamp(upper, error, 1));
    }

    private static double Resampled(double[] gaps, int[] sizes, int[] counts)
    {
        Span<double> sums = stackalloc double[BinCount];
        sums.Clear();
        double pairs = 0;
        for (int row = 0; row < counts.Length; row++)
        {
            if (counts[row] == 0)
                continue;
            pairs += (double)counts[row] * sizes[row];
            for (int b = 0; b < BinCount; b++)
                sums[b] += counts[row] * gaps[(row * BinCount) + b];
        }

        double error = 0;
        foreach (double sum in sums)
            error += Math.Abs(sum);
        return error / pairs;
    }

    private static int BinOf(double sure) => Math.Clamp((int)((sure - Least) / (1 - Least) * BinCount), 0, BinCount - 1);
}
