using ScottPlot;
using VariationalBoN.Numerics;

namespace SentimentControl.Reporting;

/// <summary>What all pictures of this program share. Stateless.</summary>
internal static class PlotParts
{
    private const int Width = 1200,
        Height = 800;

    /// <summary>Best-of-N of a continuous reward, win rate N / (N + 1) at KL log N - (N - 1) / N, dashed;
    /// the greatest win rate at each KL, dotted.</summary>
    public static void AddBestOfNTheory(Plot plot, double largestN)
    {
        double[] n = [.. Enumerable.Range(0, 201).Select(i => Math.Pow(largestN * 1.3, i / 200.0))];
        var curve = plot.Add.ScatterLine(
            Array.ConvertAll(n, v => Math.Log(v) - ((v - 1) / v)),
            Array.ConvertAll(n, v => v / (v + 1)),
            Colors.Gray
        );
        (curve.LinePattern, curve.LineWidth, curve.LegendText) = (LinePattern.Dashed, 2, "Best-of-N in theory");
        KeepLegendWhole(curve);
        double[] tilts = [.. n.Select(CalibratedTilt.ForN)];
        AddCeiling(plot, Array.ConvertAll(tilts, CalibratedTilt.Kl), Array.ConvertAll(tilts, CalibratedTilt.WinRate));
    }

    /// <summary>The greatest mean reward at each KL, dotted, as far as the reference rewards can tell.</summary>
    public static void AddRewardCeiling(Plot plot, IReadOnlyList<(double Kl, double Reward)> ceiling)
    {
        if (ceiling.Count >= 2)
            AddCeiling(plot, [.. ceiling.Select(point => point.Kl)], [.. ceiling.Select(point => point.Reward)]);
    }

    private static void AddCeiling(Plot plot, double[] kl, double[] greatest)
    {
        var curve = plot.Add.ScatterLine(kl, greatest, Colors.Gray);
        (curve.LinePattern, curve.LineWidth, curve.LegendText) = (LinePattern.Dotted, 2, "greatest at its KL");
        KeepLegendWhole(curve);
    }

    /// <summary>A line whose marker has no size is lower in the legend than others, which cuts the first line of the legend.</summary>
    private static void KeepLegendWhole(ScottPlot.Plottables.Scatter line) => (line.MarkerShape, line.MarkerSize) = (MarkerShape.None, 10);

    public static void AddErrorBars(
        Plot plot,
        double[] x,
        double[] y,
        double[] left,
        double[] right,
        double[] down,
        double[] up,
        Color color
    )
    {
        var errors = new ScottPlot.Plottables.ErrorBar(x, y, left, right, down, up);
        plot.Add.Plottable(errors);
        (errors.Color, errors.LineWidth, errors.CapSize) = (color, 1.5f, 5);
    }

    /// <summary>Title, axes, legend, labels; the picture as PNG.</summary>
    public static byte[] Finish(Plot plot, string title, string horizontal, string vertical, PlotLabels? labels = null)
    {
        plot.Title(title, size: 22);
        plot.XLabel(horizontal, size: 19);
        plot.YLabel(vertical, size: 19);
        plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Left.TickLabelStyle.FontSize = 16;
        plot.Legend.FontSize = 17;
        plot.Legend.SymbolWidth = 40;
        plot.Legend.Padding = new PixelPadding(12);
        plot.Legend.InterItemPadding = new PixelPadding(4, 4, 8, 8);
        plot.Grid.MajorLineColor = Colors.Black.WithOpacity(.08);
        plot.ShowLegend(Alignment.LowerRight);
        plot.Axes.Margins(.09, .08);
        plot.Font.Set(Font());
        labels?.Place(Width, Height, Font());
        return plot.GetImageBytes(Width, Height, ImageFormat.Png);
    }

    /// <summary>One that has Greek letters where the system has it.</summary>
    public static string Font()
    {
        using var family = SkiaSharp.SKFontManager.Default.MatchFamily("DejaVu Sans");
        return family is { FamilyName: "DejaVu Sans" } ? "DejaVu Sans" : Fonts.Default;
    }
}
