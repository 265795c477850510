using ScottPlot;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The figures of a grid. Stateless.</summary>
internal static class GridPlots
{
    private const string Horizontal = "KL to the reference (nats)";
    private const int Columns = 4,
        SmallWidth = 440,
        SmallHeight = 360;
    private static readonly Color s_bestOfN = Color.FromHex("#30638e"),
        s_one = Color.FromHex("#d1495b");
    private static readonly string[] s_colors =
    [
        "#d1495b",
        "#8f2d56",
        "#edae49",
        "#2a9d8f",
        "#6a4c93",
        "#f3722c",
        "#c08497",
        "#1982c4",
        "#8ac926",
        "#7f5539",
        "#577590",
        "#9d4edd",
        "#606c38",
        "#adb5bd",
    ];
    private static readonly MarkerShape[] s_markers =
    [
        MarkerShape.FilledCircle,
        MarkerShape.FilledTriangleDown,
        MarkerShape.FilledDiamond,
        MarkerShape.FilledTriangleUp,
        MarkerShape.OpenCircle,
        MarkerShape.OpenSquare,
        MarkerShape.OpenDiamond,
    ];

    /// <summary>Value against KL: a line for each method from the reference on, and Best-of-N;
    /// with the greatest reward at each KL, or, for win rates, theory.</summary>
    public static byte[] AgainstKl(
        GridPoint reference,
        IReadOnlyList<GridPoint> bestOfN,
        IReadOnlyList<GridPoint> points,
        Func<GridPoint, SeedMean> value,
        string label,
        string title,
        IReadOnlyList<CeilingPoint>? rewardCeiling
    )
    {
        using var plot = new Plot();
        var labels = new PlotLabels(plot);
        double widest = 1.6 * bestOfN.Max(point => point.Kl.Mean); // what runs away would hide the rest
        GridPoint[] shown = [.. points.Where(point => point.Kl.Mean <= widest)];
        if (rewardCeiling is null)
            PlotParts.AddBestOfNTheory(plot, bestOfN.Max(point => point.N!.Value));
        else
            PlotParts.AddRewardCeiling(plot, [.. rewardCeiling.Select(point => (point.Kl, point.Reward))]);
        Line(plot, [reference, .. bestOfN], value, "Best-of-N", s_bestOfN, MarkerShape.FilledSquare, labels);
        foreach (GridPoint point in bestOfN)
            labels.Add(FormattableString.Invariant($"N = {point.N:0}"), point.Kl.Mean, value(point).Mean, s_bestOfN);
        foreach (var method in shown.GroupBy(point => point.Method))
        {
            int place = Array.IndexOf(GridPlan.Methods, method.Key),
                missing = points.Count(point => point.Method == method.Key) - method.Count();
            Line(
                plot,
                [.. method.OrderBy(point => point.N)],
                value,
                MethodResult.MethodName(method.Key) + (missing > 0 ? $" ({missing} beyond the right edge)" : ""),
                Color.FromHex(s_colors[place % s_colors.Length]),
                s_markers[place % s_markers.Length],
                labels
            );
        }

        return PlotParts.Finish(plot, title, Horizontal, label, labels);
    }

    /// <summary>A small picture for each of many methods, with the points of the others in grey behind it.</summary>
    public static byte[] EachMethod(
        GridPoint reference,
        IReadOnlyList<GridPoint> bestOfN,
        IReadOnlyList<GridPoint> points,
        Func<GridPoint, SeedMean> value,
        string label
    )
    {
        double widest = 1.6 * bestOfN.Max(point => point.Kl.Mean);
        var methods = points
            .GroupBy(point => point.Method)
            .Select(group =>
                (
                    Name: MethodResult.MethodName(group.Key),
                    All: group.Count(),
                    Shown: group.Where(point => point.Kl.Mean <= widest).OrderBy(point => point.N).ToArray()
                )
            )
            .ToArray();
        GridPoint[] all = [reference, .. bestOfN, .. methods.SelectMany(method => method.Shown)];
        double right = 1.04 * all.Max(point => point.Kl.High),
            low = all.Min(point => value(point).Low),
            high = all.Max(point => value(point).High);
        int rows = (methods.Length + Columns - 1) / Columns;
        var pictures = new Multiplot { Layout = new ScottPlot.MultiplotLayouts.Grid(rows, Columns) };
        pictures.AddPlots(methods.Length);
        for (int i = 0; i < methods.Length; i++)
        {
            Plot plot = pictures.GetPlot(i);
            foreach (var other in methods.Where((_, j) => j != i))
                AddThin(plot, [reference, .. other.Shown], value, Colors.Gray.WithOpacity(.35));
            AddThin(plot, [reference, .. bestOfN], value, s_bestOfN);
            Line(plot, methods[i].Shown, value, methods[i].Name, s_one, MarkerShape.FilledCircle);
            int beyond = methods[i].All - methods[i].Shown.Length;
            plot.Title(methods[i].Name + (beyond > 0 ? $" ({beyond} beyond)" : ""), size: 19);
            plot.Axes.SetLimits(-0.04 * right, right, low - (0.06 * (high - low)), high + (0.06 * (high - low)));
            if (i + Columns >= methods.Length)
                plot.XLabel(Horizontal, size: 16);
            if (i % Columns == 0)
                plot.YLabel(label, size: 16);
            plot.Grid.MajorLineColor = Colors.Black.WithOpacity(.08);
            plot.HideLegend();
            plot.Font.Set(PlotParts.Font());
        }

        return pictures.Render(Columns * SmallWidth, rows * SmallHeight).GetImageBytes(ImageFormat.Png);
    }

    /// <summary>The distance to the curve of Best-of-n, against M, a line for each N.</summary>
    public static byte[] Samples(IReadOnlyList<(int N, int Samples, GridPoint Point)> points, string title)
    {
        using var plot = new Plot();
        int next = 0;
        foreach (var line in points.GroupBy(point => point.N).OrderBy(group => group.Key))
        {
            var ordered = line.OrderBy(point => point.Samples).ToArray();
            var color = Color.FromHex(s_colors[next * 2 % s_colors.Length]);
            double[] x = [.. ordered.Select(point => Math.Log2(point.Samples))],
                y = [.. ordered.Select(point => point.Point.Distance.Mean)];
            AddErrors(plot, x, y, [.. ordered.Select(point => point.Point.Distance)], color);
            var scatter = plot.Add.Scatter(x, y, color);
            (scatter.LegendText, scatter.MarkerSize, scatter.LineWidth, scatter.MarkerShape) = (
                $"vBoN, N = {line.Key}",
                11,
                2,
                s_markers[next % s_markers.Length]
            );
            next++;
        }

        int[] samples = [.. points.Select(point => point.Samples).Distinct().Order()];
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(
            [.. samples.Select(m => Math.Log2(m))],
            [.. samples.Select(m => $"{m}")]
        );
        return PlotParts.Finish(plot, title, "M, reference samples per prompt", "win rate under that of Best-of-n at the same KL");
    }

    private static void AddThin(Plot plot, IReadOnlyList<GridPoint> points, Func<GridPoint, SeedMean> value, Color color)
    {
        var line = plot.Add.ScatterLine(
            points.Select(point => point.Kl.Mean).ToArray(),
            points.Select(point => value(point).Mean).ToArray(),
            color
        );
        line.LineWidth = 1.5f;
    }

    private static void Line(
        Plot plot,
        IReadOnlyList<GridPoint> points,
        Func<GridPoint, SeedMean> value,
        string name,
        Color color,
        MarkerShape marker,
        PlotLabels? labels = null
    )
    {
        double[] x = [.. points.Select(point => point.Kl.Mean)],
            y = [.. points.Select(point => value(point).Mean)];
        labels?.KeepFree(x, y);
        foreach (GridPoint point in points)
            labels?.KeepFree(point.Kl.Mean, value(point).Mean, (point.Kl.Low, point.Kl.High), (value(point).Low, value(point).High));
        AddErrors(plot, x, y, [.. points.Select(value)], color, [.. points.Select(point => point.Kl)]);
        var scatter = plot.Add.Scatter(x, y, color);
        (scatter.LegendText, scatter.MarkerShape, scatter.MarkerSize, scatter.LineWidth) = (name, marker, 10, 1.5f);
    }

    /// <summary>Bars from the smallest to the largest over seeds.</summary>
    private static void AddErrors(
        Plot plot,
        double[] x,
        double[] y,
        IReadOnlyList<SeedMean> vertical,
        Color color,
        IReadOnlyList<SeedMean>? horizontal = null
    )
    {
        double[] none = new double[x.Length];
        double[] left = horizontal is null ? none : Below(horizontal),
            right = horizontal is null ? none : Above(horizontal);
        PlotParts.AddErrorBars(plot, x, y, left, right, Below(vertical), Above(vertical), color);

        static double[] Below(IEnumerable<SeedMean> values) => [.. values.Select(value => value.Mean - value.Low)];
        static double[] Above(IEnumerable<SeedMean> values) => [.. values.Select(value => value.High - value.Mean)];
    }
}
