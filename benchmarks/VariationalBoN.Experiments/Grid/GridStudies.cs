using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The settings of each of <see cref="GridPlan.Studies"/>: method, values of N, and what is varied. Stateless.</summary>
internal static class GridStudies
{
    /// <summary>The settings of all studies.</summary>
    /// <param name="quick">Each study once, small.</param>
    public static IEnumerable<(string Study, Method Method, int[] N, Variation Variation)> Of(bool quick)
    {
        int[] one = [quick ? 4 : 8],
            middle = quick ? [4] : [4, 8, 16];
        foreach (int m in quick ? [8] : new[] { 8, 16, 32, 64, 128, 512 })
            yield return ("samples", Method.VariationalBestOfN, quick ? [4] : [4, 16, 64], new Variation { Samples = m });
        foreach (double temperature in quick ? [0.5] : new[] { 0.25, 0.5, 0.75 })
        {
            yield return ("temperature", Method.VariationalBestOfN, [middle[^1]], new Variation { Temperature = temperature });
            yield return ("temperature", Method.BestOfNSft, [middle[^1]], new Variation { Temperature = temperature });
        }

        foreach (string transform in new[] { "sigmoid", "exp" })
        {
            yield return ("transform", Method.VariationalBestOfN, one, new Variation { Transform = transform });
            yield return ("transform", Method.KlConstrainedRl, one, new Variation { Transform = transform });
        }

        yield return ("paper-scale", Method.VariationalBestOfN, quick ? [4] : [2, 4, 8, 16], new Variation { PaperScale = true });
        foreach (var variation in TrainingVariations.Tuned(quick))
            yield return ("tuning", variation.ReverseWeight is null ? Method.VariationalBestOfN : Method.Jeffreys, middle, variation);
        foreach (var variation in TrainingVariations.Valued(quick))
            yield return (
                "values",
                Method.VariationalBestOfN,
                quick ? [4]
                : variation is { Lambda: not null, FirstPart: not null } ? [4, 8, 16, 64]
                : one,
                variation
            );
        yield return ("values", Method.CalibratedTilt, quick ? [4] : [4, 8], new Variation { Lambda = 0.95, FinalRate = 0 });
        foreach (var variation in TrainingVariations.Searched(quick))
            yield return ("recipes", Method.VariationalBestOfN, quick ? [4] : [4, 8], variation);
        foreach (var variation in TrainingVariations.Distilled(quick))
            yield return ("distilled", Method.VariationalBestOfN, quick ? [4] : [4, 8, 16, 64], variation);
        foreach (double times in quick ? [2] : new double[] { 1, 2, 4 })
            yield return ("longer", Method.VariationalBestOfN, one, TrainingVariations.Longer(times));
        yield return ("longer", Method.VariationalBestOfN, quick ? [4] : [4, 64], TrainingVariations.Longer(quick ? 3 : 12));
        foreach (Variation head in HeadVariations.Of(quick))
            yield return ("heads", Method.Guided, quick ? [4] : [4, 8, 16, 64], head);
        foreach (Variation guided in HeadVariations.Guided(quick))
            yield return ("guidance", Method.Guided, quick ? [4] : [8, 64], guided);
        foreach (int draws in quick ? [2] : new[] { 2, 4, 8 })
        {
            yield return ("proposals", Method.Guided, quick ? [4] : [8, 16, 64], new Variation { Draws = draws, Weighted = false });
            yield return ("proposals", Method.Guided, quick ? [4] : [8, 16, 64], new Variation { Draws = draws, Weighted = true });
        }

        foreach (string baseline in new[] { "none", "group mean", "running mean" })
            yield return ("variants", Method.VariationalBestOfN, one, new Variation { Baseline = baseline });
        yield return (
            "variants",
            Method.BestOfNSft,
            one,
            new Variation
            {
                AllSamples = true,
                Samples = 32,
                Group = 32,
            }
        );
        yield return ("variants", Method.Regression, one, new Variation { Clipped = false });
        yield return ("variants", Method.LogVariance, one, new Variation { Clipped = true });
        yield return ("variants", Method.Iterated, one, new Variation { MovingAverage = true });
        foreach (
            var method in quick
                ? [Method.VariationalBestOfN]
                : new[] { Method.VariationalBestOfN, Method.KlConstrainedRl, Method.BestOfNSft, Method.ClippedRatio, Method.Jeffreys }
        )
            yield return ("speed", method, one, new Variation { Curve = true });
    }
}
