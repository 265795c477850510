using ScottPlot;

namespace SentimentControl.Reporting;

/// <summary>The two pictures: reward against KL and win rate against KL. Stateless.</summary>
internal static class ResultPlots
{
    private static readonly (Method Method, Color Color, MarkerShape Marker)[] Styles =
    [
        (Method.VariationalBestOfN, Color.FromHex("#d1495b"), MarkerShape.FilledCircle),
        (Method.ValuedBestOfN, Color.FromHex("#f3722c"), MarkerShape.FilledCircle),
        (Method.Guided, Color.FromHex("#6a4c93"), MarkerShape.OpenCircle),
        (Method.CalibratedTilt, Color.FromHex("#8f2d56"), MarkerShape.FilledTriangleDown),
        (Method.BestOfN, Color.FromHex("#30638e"), MarkerShape.FilledSquare),
        (Method.BestOfNSft, Color.FromHex("#2a9d8f"), MarkerShape.FilledTriangleUp),
        (Method.KlConstrainedRl, Color.FromHex("#edae49"), MarkerShape.FilledDiamond),
        (Method.Reference, Color.FromHex("#3d3d3d"), MarkerShape.FilledCircle),
    ];

    public static byte[] RewardAgainstKl(
        IReadOnlyList<MethodResult> results,
        IReadOnlyList<(double Kl, double Reward)> ceiling,
        string title
    ) =>
        Draw(
            results,
            title,
            "mean reward of held-out answers",
            result => (result.Reward.Value, result.Reward.StandardError),
            winRate: false,
            ceiling
        );

    public static byte[] WinRateAgainstKl(IReadOnlyList<MethodResult> results, string title) =>
        Draw(
            results,
            title,
            "win rate against the reference",
            result => (result.WinRate.Value, result.WinRate.StandardError),
            winRate: true,
            []
        );

    private static byte[] Draw(
        IReadOnlyList<MethodResult> results,
        string title,
        string label,
        Func<MethodResult, (double Value, double Error)> vertical,
        bool winRate,
        IReadOnlyList<(double Kl, double Reward)> ceiling
    )
    {
        using var plot = new Plot();
        var labels = new PlotLabels(plot);
        foreach (var (method, color, marker) in Styles)
        {
            MethodResult[] points = [.. results.Where(result => result.Method == method).OrderBy(result => result.Kl.Value)];
            if (points.Length == 0)
                continue;
            MethodResult[] curve = [.. results.Where(result => result.Method == Method.Reference && method != Method.Reference), .. points];
            var connection = plot.Add.ScatterLine(
                curve.Select(point => point.Kl.Value).ToArray(),
                curve.Select(point => vertical(point).Value).ToArray(),
                color.WithOpacity(.5)
            );
            connection.LineWidth = 2;
            double[] x = [.. points.Select(point => point.Kl.Value)],
                y = [.. points.Select(point => vertical(point).Value)];
            double[] horizontal = [.. points.Select(point => point.Kl.StandardError)],
                errors = [.. points.Select(point => vertical(point).Error)];
            PlotParts.AddErrorBars(plot, x, y, horizontal, horizontal, errors, errors, color);
            var line = plot.Add.Scatter(x, y, color);
            (line.LegendText, line.MarkerShape, line.MarkerSize, line.LineWidth) = (LegendText(method), marker, 12, 0);
            labels.KeepFree([.. curve.Select(point => point.Kl.Value)], [.. curve.Select(point => vertical(point).Value)]);
            for (int i = 0; i < points.Length; i++)
                labels.KeepFree(x[i], y[i], (x[i] - horizontal[i], x[i] + horizontal[i]), (y[i] - errors[i], y[i] + errors[i]));
            foreach (var point in points.Where(_ => method is Method.BestOfN or Method.KlConstrainedRl))
                labels.Add(point.Beta is null ? $"N = {point.Dial}" : point.Dial, point.Kl.Value, vertical(point).Value, color);
        }

        if (winRate)
            PlotParts.AddBestOfNTheory(plot, Math.Max(2, results.Max(result => result.N ?? 1)));
        PlotParts.AddRewardCeiling(plot, ceiling);
        return PlotParts.Finish(plot, title, "KL to the reference (nats)", label, labels);
    }

    private static string LegendText(Method method) =>
        MethodResult.MethodName(method)
        + (
            method is Method.VariationalBestOfN or Method.ValuedBestOfN or Method.CalibratedTilt or Method.Guided or Method.BestOfNSft
                ? " (N as Best-of-N, left to right)"
                : ""
        );
}
