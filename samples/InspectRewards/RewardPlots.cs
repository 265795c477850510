using System.Globalization;
using ScottPlot;
using VariationalBoN;
using VariationalBoN.Evaluation;

namespace InspectRewards;

/// <summary>The pictures: what the best of n scores by the first reward and by the second,
/// and how rewards are distributed. Stateless.</summary>
internal static class RewardPlots
{
    private const int Width = 1200,
        Height = 800,
        Bins = 40;
    private static readonly Color One = Color.FromHex("#30638e"),
        Best = Color.FromHex("#d1495b");

    /// <summary>Expected reward of the best of n against n, doubling by doubling,
    /// with its interval over prompts and the N asked for.</summary>
    public static byte[] BestOfN(ReferenceReport report, string title)
    {
        using var plot = new Plot();
        double[] x = [.. report.Curve.Points.Select(point => Math.Log2(point.N))];
        if (report.Prompts > 1)
        {
            var band = plot.Add.FillY(
                x,
                [.. report.Curve.Points.Select(point => point.RewardInterval.Lower)],
                [.. report.Curve.Points.Select(point => point.RewardInterval.Upper)]
            );
            (band.FillColor, band.LineWidth, band.MarkerSize, band.LegendText) = (Best.WithOpacity(.2), 0, 0, "95 % interval over prompts");
        }

        var line = plot.Add.ScatterLine(x, report.Curve.Points.Select(point => point.Reward.Value).ToArray(), Best);
        (line.LineWidth, line.LegendText) = (3, "best of n");
        if (report.N <= report.Curve.MaxN)
        {
            var mark = plot.Add.VerticalLine(Math.Log2(report.N), 2, One, LinePattern.Dashed);
            mark.LegendText = string.Create(CultureInfo.InvariantCulture, $"N = {report.N}");
        }

        int[] ticks = [.. Enumerable.Range(0, (int)Math.Log2(report.Curve.MaxN) + 1)];
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. ticks.Select(tick => (double)tick)],
            [.. ticks.Select(tick => (1L << tick).ToString(CultureInfo.InvariantCulture))]
        );
        return Finish(plot, title, "n, draws of which the best is kept", "expected reward", Alignment.LowerRight);
    }

    /// <summary>How often each reward is drawn once, and how often it is the best of N: each prompt weighs the same.</summary>
    public static byte[] Rewards(ReferenceTable table, double n, string title)
    {
        double low = table.Prompts.Min(prompt => prompt.Cdf.SortedRewards[0]),
            high = table.Prompts.Max(prompt => prompt.Cdf.SortedRewards[^1]);
        double width = high > low ? (high - low) / Bins : 1;
        double[] one = new double[Bins],
            best = new double[Bins],
            centres = [.. Enumerable.Range(0, Bins).Select(bin => low + ((bin + .5) * width))];
        foreach (var prompt in table.Prompts)
        {
            double[] weights = prompt.Cdf.BestOfNWeightsByRank(n);
            for (int i = 0; i < weights.Length; i++)
            {
                int bin = Math.Min(Bins - 1, (int)((prompt.Cdf.SortedRewards[i] - low) / width));
                one[bin] += 1.0 / weights.Length / table.Prompts.Length;
                best[bin] += weights[i] / table.Prompts.Length;
            }
        }

        using var plot = new Plot();
        Bars(one, One, "one draw");
        Bars(best, Best, string.Create(CultureInfo.InvariantCulture, $"best of {n}"));
        plot.Axes.SetLimitsY(0, 1.15 * Math.Max(one.Max(), best.Max()));
        return Finish(plot, title, "reward", "share of answers", Alignment.UpperLeft);

        void Bars(double[] shares, Color color, string name)
        {
            var bars = plot.Add.Bars(centres, shares);
            bars.LegendText = name;
            foreach (var bar in bars.Bars)
                (bar.Size, bar.FillColor, bar.LineWidth) = (width, color.WithOpacity(.55), 0);
        }
    }

    /// <summary>The second reward of the best of n by the first, with its interval and the threshold.</summary>
    public static byte[] Second(RewardHackingReport report, string title)
    {
        using var plot = new Plot();
        double[] x = [.. report.Points.Select(point => Math.Log2(point.N))];
        if (report.Prompts > 1)
        {
            var band = plot.Add.FillY(
                x,
                [.. report.Points.Select(point => point.SecondInterval.Lower)],
                [.. report.Points.Select(point => point.SecondInterval.Upper)]
            );
            (band.FillColor, band.LineWidth, band.MarkerSize, band.LegendText) = (One.WithOpacity(.2), 0, 0, "95 % interval over prompts");
        }

        var line = plot.Add.ScatterLine(x, report.Points.Select(point => point.Second.Value).ToArray(), One);
        (line.LineWidth, line.LegendText) = (
            3,
            string.Create(CultureInfo.InvariantCulture, $"\"{report.SecondName}\" of the best of n by the first reward")
        );
        if (report.Threshold is double threshold)
        {
            double upper = Math.Min(report.ThresholdInterval.Upper, report.MaxN);
            var span = plot.Add.HorizontalSpan(Math.Log2(report.ThresholdInterval.Lower), Math.Log2(upper));
            (span.FillColor, span.LineWidth) = (Best.WithOpacity(.12), 0);
            var mark = plot.Add.VerticalLine(Math.Log2(threshold), 2, Best, LinePattern.Dashed);
            mark.LegendText = string.Create(CultureInfo.InvariantCulture, $"threshold {threshold:0.0}, with its interval");
        }

        int[] ticks = [.. Enumerable.Range(0, (int)Math.Log2(report.MaxN) + 1)];
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. ticks.Select(tick => (double)tick)],
            [.. ticks.Select(tick => (1L << tick).ToString(CultureInfo.InvariantCulture))]
        );
        return Finish(
            plot,
            title,
            "n, draws of which the best by the first reward is kept",
            "expected second reward",
            Alignment.LowerRight
        );
    }

    private static byte[] Finish(Plot plot, string title, string xLabel, string yLabel, Alignment legend)
    {
        plot.Title(title, size: 22);
        plot.XLabel(xLabel, size: 19);
        plot.YLabel(yLabel, size: 19);
        plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Left.TickLabelStyle.FontSize = 16;
        plot.Legend.FontSize = 17;
        plot.Legend.SymbolWidth = 40;
        plot.Legend.Padding = new PixelPadding(12);
        plot.Grid.MajorLineColor = Colors.Black.WithOpacity(.08);
        plot.ShowLegend(legend);
        plot.Font.Set(Font());
        return plot.GetImageBytes(Width, Height, ImageFormat.Png);
    }

    private static string Font()
    {
        using var family = SkiaSharp.SKFontManager.Default.MatchFamily("DejaVu Sans");
        return family is { FamilyName: "DejaVu Sans" } ? "DejaVu Sans" : Fonts.Default;
    }
}
