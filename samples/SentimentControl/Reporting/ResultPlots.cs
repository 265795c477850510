using ScottPlot;

namespace SentimentControl.Reporting;

/// <summary>The two pictures: reward against KL and win rate against KL. Stateless.</summary>
internal static class ResultPlots
{
    private const int Width = 1200, Height = 800;
    private static readonly (Method Method, Color Color, MarkerShape Marker)[] Styles =
    [
        (Method.VariationalBestOfN, Color.FromHex("#d1495b"), MarkerShape.FilledCircle),
        (Method.BestOfN, Color.FromHex("#30638e"), MarkerShape.FilledSquare),
        (Method.BestOfNSft, Color.FromHex("#2a9d8f"), MarkerShape.FilledTriangleUp),
        (Method.KlConstrainedRl, Color.FromHex("#edae49"), MarkerShape.FilledDiamond),
        (Method.Reference, Color.FromHex("#3d3d3d"), MarkerShape.FilledCircle),
    ];

    public static byte[] RewardAgainstKl(IReadOnlyList<MethodResult> results, string title) =>
        Draw(results, title, "mean reward of held-out answers", result => (result.Reward.Value, result.Reward.StandardError), winRate: false);

    public static byte[] WinRateAgainstKl(IReadOnlyList<MethodResult> results, string title) =>
        Draw(results, title, "win rate against the reference (dashed: Best-of-N in theory)", result => (result.WinRate.Value, result.WinRate.StandardError), winRate: true);

    private static byte[] Draw(IReadOnlyList<MethodResult> results, string title, string label, Func<MethodResult, (double Value, double Error)> vertical, bool winRate)
    {
        using var plot = new Plot();
        foreach (var (method, color, marker) in Styles)
        {
            MethodResult[] points = [.. results.Where(result => result.Method == method).OrderBy(result => result.Kl.Value)];
            if (points.Length == 0)
                continue;
            MethodResult[] curve = [.. results.Where(result => result.Method == Method.Reference && method != Method.Reference), .. points];
            var connection = plot.Add.ScatterLine(curve.Select(point => point.Kl.Value).ToArray(), curve.Select(point => vertical(point).Value).ToArray(), color.WithOpacity(.5));
            connection.LineWidth = 2;
            double[] x = [.. points.Select(point => point.Kl.Value)], y = [.. points.Select(point => vertical(point).Value)];
            var errors = new ScottPlot.Plottables.ErrorBar(
                x, y, [.. points.Select(point => point.Kl.StandardError)], [.. points.Select(point => point.Kl.StandardError)], [.. points.Select(point => vertical(point).Error)], [.. points.Select(point => vertical(point).Error)]);
            plot.Add.Plottable(errors);
            (errors.Color, errors.LineWidth, errors.CapSize) = (color, 1.5f, 5);
            var line = plot.Add.Scatter(x, y, color);
            (line.LegendText, line.MarkerShape, line.MarkerSize, line.LineWidth) = (LegendText(method), marker, 12, 0);
            // Best-of-N has the highest win rate at its KL, KL-constrained RL the highest reward: labels go to the side that is free.
            if (method is Method.BestOfN or Method.KlConstrainedRl)
                AddLabels(plot, points, vertical, color, above: winRate == (method == Method.BestOfN));
        }

        if (winRate)
            AddTheory(plot, Math.Max(2, results.Max(result => result.N ?? 1)));
        plot.Title(title, size: 22);
        plot.XLabel("KL to the reference (nats)", size: 19);
        plot.YLabel(label, size: 19);
        plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Left.TickLabelStyle.FontSize = 16;
        plot.Legend.FontSize = 17;
        plot.Legend.SymbolWidth = 40;
        plot.Legend.Padding = new PixelPadding(12);
        plot.Legend.InterItemPadding = new PixelPadding(4, 4, 8, 8);
        plot.Grid.MajorLineColor = Colors.Black.WithOpacity(.08);
        plot.ShowLegend(Alignment.LowerRight);
        plot.Axes.Margins(.09, .08);
        plot.Font.Set(Font());
        return plot.GetImageBytes(Width, Height, ImageFormat.Png);
    }

    /// <summary>Best-of-N of a continuous reward: win rate N / (N + 1) at KL log N - (N - 1) / N.</summary>
    private static void AddTheory(Plot plot, double largestN)
    {
        double[] n = [.. Enumerable.Range(0, 201).Select(i => Math.Pow(largestN * 1.3, i / 200.0))];
        var curve = plot.Add.ScatterLine(Array.ConvertAll(n, v => Math.Log(v) - ((v - 1) / v)), Array.ConvertAll(n, v => v / (v + 1)), Colors.Gray);
        (curve.LinePattern, curve.LineWidth) = (LinePattern.Dashed, 2);
    }

    private static void AddLabels(Plot plot, MethodResult[] points, Func<MethodResult, (double Value, double Error)> vertical, Color color, bool above)
    {
        foreach (var point in points)
        {
            var text = plot.Add.Text(point.Beta is null ? $"N = {point.Dial}" : point.Dial, point.Kl.Value, vertical(point).Value);
            (text.LabelFontColor, text.LabelFontSize, text.LabelFontName) = (color.Darken(.25), 15, Font());
            (text.LabelAlignment, text.OffsetX, text.OffsetY) = above ? (Alignment.LowerRight, -8, -8) : (Alignment.UpperLeft, 10, 12);
        }
    }

    private static string LegendText(Method method) =>
        MethodResult.MethodName(method) + (method is Method.VariationalBestOfN or Method.BestOfNSft ? " (N as Best-of-N, left to right)" : "");

    private static string Font()
    {
        using var family = SkiaSharp.SKFontManager.Default.MatchFamily("DejaVu Sans");
        return family is { FamilyName: "DejaVu Sans" } ? "DejaVu Sans" : Fonts.Default;
    }
}
