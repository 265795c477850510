using System.Globalization;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Settings that a server may draw by in place of those asked for, of which one is another.</summary>
/// <param name="Name">Of the one.</param>
/// <param name="Value">What it is.</param>
/// <param name="Options">All of them.</param>
internal readonly record struct DrawSetting(string Name, double Value, GenerationOptions Options)
{
    private static readonly double[] s_temperatures = [0.25, 0.5, 0.7, 0.8, 0.85, 0.9, 1.1, 1.2, 1.5, 2],
        s_topP = [0.5, 0.7, 0.8, 0.9, 0.95];
    private static readonly int[] s_topK = [1, 10, 20, 40, 50];

    /// <summary>A few that others are likely to be near. Where top-k or top-p is asked, one that leaves out more: of one that leaves out
    /// less the draws within those asked for are never likelier, and those outside are counted (<see cref="OutsideDraws"/>).</summary>
    public static IEnumerable<DrawSetting> Few(GenerationOptions asked) =>
        Others(asked, [0.7, 0.85, 1.2], [asked.TopK is int k ? k / 2 : 50], [asked.TopP is double p and < 1 ? p * p : 0.95]);

    /// <summary>Those that are looked through for a name.</summary>
    public static IEnumerable<DrawSetting> Many(GenerationOptions asked) =>
        Others(
            asked,
            s_temperatures,
            asked.TopK is int k ? [.. s_topK, k / 2, 3 * k / 4, k - 1, 2 * k] : s_topK,
            asked.TopP is double p ? [.. s_topP, p * p, Math.Sqrt(p)] : s_topP
        );

    /// <summary>Settings for messages.</summary>
    public static string Of(GenerationOptions asked) =>
        $"temperature {Number(asked.Temperature)}{(asked.TopK is int k ? $", top-k {k}" : "")}"
        + $"{(asked.TopP is double p ? $", top-p {Number(p)}" : "")}";

    /// <summary>The one for messages.</summary>
    public override string ToString() => $"{Name} {Number(Value)}";

    private static IEnumerable<DrawSetting> Others(GenerationOptions asked, double[] temperatures, int[] topK, double[] topP) =>
        [
            .. temperatures.Select(factor => new DrawSetting(
                "temperature",
                asked.Temperature * factor,
                asked with
                {
                    Temperature = asked.Temperature * factor,
                }
            )),
            .. topK.Where(k => k > 0 && k != asked.TopK).Distinct().Select(k => new DrawSetting("top-k", k, asked with { TopK = k })),
            .. topP.Where(p => p != asked.TopP).Select(p => new DrawSetting("top-p", p, asked with { TopP = p })),
        ];

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
