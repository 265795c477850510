using ScottPlot;

namespace SentimentControl.Reporting;

/// <summary>Labels of points, each put where it covers no point, line or other label, or as little as can be.
/// For one plot; not thread-safe.</summary>
/// <param name="plot">The plot.</param>
internal sealed class PlotLabels(Plot plot)
{
    private const float FontSize = 15,
        CharacterWidth = 8.6f,
        Height = 18,
        Marker = 9;
    private const int Directions = 12,
        Distances = 4,
        PointsOnLine = 40;
    private readonly List<Coordinates> _points = [],
        _lines = [];
    private readonly List<(string Text, Coordinates Point, Color Color)> _labels = [];

    /// <summary>Keeps labels off points and the lines between them.</summary>
    public void KeepFree(double[] x, double[] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            _points.Add(new Coordinates(x[i], y[i]));
            if (i > 0)
                KeepLine(_points[^2], _points[^1]);
        }
    }

    /// <summary>Keeps labels off the error bars of a point.</summary>
    public void KeepFree(double x, double y, (double Low, double High) horizontal, (double Low, double High) vertical)
    {
        KeepLine(new Coordinates(horizontal.Low, y), new Coordinates(horizontal.High, y));
        KeepLine(new Coordinates(x, vertical.Low), new Coordinates(x, vertical.High));
    }

    public void Add(string text, double x, double y, Color color) => _labels.Add((text, new Coordinates(x, y), color.Darken(.25)));

    /// <summary>Puts the labels in, once everything else is there and has its scale.</summary>
    public void Place(int width, int height, string font)
    {
        plot.RenderInMemory(width, height); // what makes pixels of coordinates
        PixelRect inside = plot.RenderManager.LastRender.DataRect;
        Pixel[] points = [.. _points.Select(plot.GetPixel)],
            lines = [.. _lines.Select(plot.GetPixel)];
        var placed = new List<PixelRect>();
        foreach ((string label, Coordinates coordinates, Color color) in _labels)
        {
            Pixel point = plot.GetPixel(coordinates);
            float half = label.Length * CharacterWidth / 2;
            Pixel offset = Candidates(half).MinBy(candidate => Cost(At(candidate), candidate));
            placed.Add(At(offset));
            var text = plot.Add.Text(label, coordinates);
            (text.LabelFontColor, text.LabelFontSize, text.LabelFontName) = (color, FontSize, font);
            (text.LabelAlignment, text.OffsetX, text.OffsetY) = (Alignment.MiddleCenter, offset.X, offset.Y);

            PixelRect At(Pixel from) =>
                new(point.X + from.X - half, point.X + from.X + half, point.Y + from.Y + (Height / 2), point.Y + from.Y - (Height / 2));
            float Cost(PixelRect place, Pixel from) =>
                (IsIn(place, inside) ? 0 : 5000)
                + (1000 * placed.Count(other => Overlap(place, other)))
                + (100 * points.Count(pixel => Inside(place, pixel, Marker)))
                + (4 * lines.Count(pixel => Inside(place, pixel, 2)))
                + MathF.Sqrt((from.X * from.X) + (from.Y * from.Y));
        }
    }

    private void KeepLine(Coordinates from, Coordinates to) =>
        _lines.AddRange(
            Enumerable
                .Range(0, PointsOnLine + 1)
                .Select(part => new Coordinates(
                    from.X + ((to.X - from.X) * part / PointsOnLine),
                    from.Y + ((to.Y - from.Y) * part / PointsOnLine)
                ))
        );

    /// <summary>Places around a point, from near to far; beside it there is room for half the label.</summary>
    private static IEnumerable<Pixel> Candidates(float half) =>
        from distance in Enumerable.Range(0, Distances)
        from direction in Enumerable.Range(0, Directions)
        let angle = 2 * MathF.PI * direction / Directions
        let gap = Marker + 4 + (9f * distance)
        select new Pixel(MathF.Cos(angle) * (half + gap), MathF.Sin(angle) * ((Height / 2) + gap));

    private static bool Inside(PixelRect place, Pixel pixel, float margin) =>
        pixel.X > place.Left - margin && pixel.X < place.Right + margin && pixel.Y > place.Top - margin && pixel.Y < place.Bottom + margin;

    private static bool IsIn(PixelRect place, PixelRect whole) =>
        place.Left > whole.Left && place.Right < whole.Right && place.Top > whole.Top && place.Bottom < whole.Bottom;

    private static bool Overlap(PixelRect one, PixelRect other) =>
        one.Left < other.Right && other.Left < one.Right && one.Top < other.Bottom && other.Top < one.Bottom;
}
