using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>What each of <see cref="GridStudies"/> runs, whole or small. Stateless.</summary>
internal static class StudyParts
{
    public static IEnumerable<StudyPart> Samples(bool quick)
    {
        foreach (int m in quick ? [8] : new[] { 8, 16, 32, 64, 128, 512 })
            yield return new(Method.VariationalBestOfN, quick ? [4] : [4, 16, 64], new Variation { Samples = m });
    }

    public static IEnumerable<StudyPart> Temperature(bool quick)
    {
        foreach (double temperature in quick ? [0.5] : new[] { 0.25, 0.5, 0.75 })
        {
            yield return new(Method.VariationalBestOfN, quick ? [4] : [16], new Variation { Temperature = temperature });
            yield return new(Method.BestOfNSft, quick ? [4] : [16], new Variation { Temperature = temperature });
        }
    }

    public static IEnumerable<StudyPart> Transform(bool quick)
    {
        foreach (string transform in new[] { "sigmoid", "exp" })
        {
            yield return new(Method.VariationalBestOfN, One(quick), new Variation { Transform = transform });
            yield return new(Method.KlConstrainedRl, One(quick), new Variation { Transform = transform });
        }
    }

    public static IEnumerable<StudyPart> PaperScale(bool quick) =>
        [new(Method.VariationalBestOfN, quick ? [4] : [2, 4, 8, 16], new Variation { PaperScale = true })];

    public static IEnumerable<StudyPart> Tuning(bool quick) =>
        from variation in TrainingVariations.Tuned(quick)
        select new StudyPart(
            variation.ReverseWeight is null ? Method.VariationalBestOfN : Method.Jeffreys,
            quick ? [4] : [4, 8, 16],
            variation
        );

    public static IEnumerable<StudyPart> Values(bool quick) =>
        [
            .. from variation in TrainingVariations.Valued(quick)
            select new StudyPart(
                Method.VariationalBestOfN,
                !quick && variation is { Lambda: not null, FirstPart: not null } ? [4, 8, 16, 64] : One(quick),
                variation
            ),
            new(Method.CalibratedTilt, quick ? [4] : [4, 8], new Variation { Lambda = 0.95, FinalRate = 0 }),
        ];

    public static IEnumerable<StudyPart> Recipes(bool quick) =>
        from variation in TrainingVariations.Searched(quick)
        select new StudyPart(Method.VariationalBestOfN, quick ? [4] : [4, 8], variation);

    public static IEnumerable<StudyPart> Distilled(bool quick) =>
        from variation in TrainingVariations.Distilled(quick)
        select new StudyPart(Method.VariationalBestOfN, FarAndNear(quick), variation);

    public static IEnumerable<StudyPart> Longer(bool quick) =>
        from part in quick ? [(N: 4, Times: [2])] : new (int N, double[] Times)[] { (8, [1, 2, 4]), (4, [1, 12]), (64, [1, 12]) }
        from times in part.Times
        select new StudyPart(Method.VariationalBestOfN, [part.N], TrainingVariations.Longer(times));

    public static IEnumerable<StudyPart> Heads(bool quick) =>
        from head in GuidedVariations.Heads(quick)
        select new StudyPart(Method.Guided, FarAndNear(quick), head);

    public static IEnumerable<StudyPart> Guidance(bool quick) =>
        from guidance in GuidedVariations.Guidance(quick)
        select new StudyPart(Method.Guided, quick ? [4] : [8, 64], guidance);

    public static IEnumerable<StudyPart> Proposals(bool quick)
    {
        foreach (int draws in quick ? [2] : new[] { 2, 4, 8 })
        {
            yield return new(Method.Guided, quick ? [4] : [8, 16, 64], new Variation { Draws = draws, Weighted = false });
            yield return new(Method.Guided, quick ? [4] : [8, 16, 64], new Variation { Draws = draws, Weighted = true });
        }
    }

    public static IEnumerable<StudyPart> Variants(bool quick) =>
        [
            new(Method.VariationalBestOfN, One(quick), new Variation { Baseline = "none" }),
            new(Method.VariationalBestOfN, One(quick), new Variation { Baseline = "group mean" }),
            new(Method.VariationalBestOfN, One(quick), new Variation { Baseline = "running mean" }),
            new(
                Method.BestOfNSft,
                One(quick),
                new Variation
                {
                    AllSamples = true,
                    Samples = 32,
                    Group = 32,
                }
            ),
            new(Method.Regression, One(quick), new Variation { Clipped = false }),
            new(Method.LogVariance, One(quick), new Variation { Clipped = true }),
            new(Method.Iterated, One(quick), new Variation { MovingAverage = true }),
        ];

    public static IEnumerable<StudyPart> Speed(bool quick) =>
        from method in quick
            ? [Method.VariationalBestOfN]
            : new[] { Method.VariationalBestOfN, Method.KlConstrainedRl, Method.BestOfNSft, Method.ClippedRatio, Method.Jeffreys }
        select new StudyPart(method, One(quick), new Variation { Curve = true });

    private static int[] One(bool quick) => [quick ? 4 : 8];

    private static int[] FarAndNear(bool quick) => quick ? [4] : [4, 8, 16, 64];
}
