using SentimentControl.Datasets;
using SentimentControl.Datasets.Austen;
using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>All runs of a whole or a quick grid, in the order in which they are worth having. Stateless.</summary>
internal static class GridPlan
{
    /// <summary>The methods of the paper.</summary>
    public static readonly Method[] PaperMethods =
    [
        Method.VariationalBestOfN,
        Method.LowerBound,
        Method.KlConstrainedRl,
        Method.BestOfNSft,
    ];

    /// <summary>The methods of the grid, those of the paper first.</summary>
    public static readonly Method[] Methods =
    [
        .. PaperMethods,
        Method.CalibratedTilt,
        Method.Guided,
        Method.Jeffreys,
        Method.ClippedRatio,
        Method.GroupNormalised,
        Method.Iterated,
        Method.WinnersSft,
        Method.Regression,
        Method.LogVariance,
        Method.BonBon,
        Method.Ipo,
        Method.Dpo,
    ];

    /// <summary>The studies beside the grid itself.</summary>
    public static readonly string[] Studies =
    [
        "samples",
        "temperature",
        "transform",
        "paper-scale",
        "tuning",
        "values",
        "recipes",
        "distilled",
        "heads",
        "proposals",
        "variants",
        "speed",
    ];

    /// <summary>Whether every method is run at each N, and by default the studies: not where a run takes minutes.</summary>
    public static bool IsWhole(IDataset dataset) => dataset is not AustenDataset;

    /// <summary>The runs.</summary>
    /// <param name="ns">The values of N of the grid.</param>
    /// <param name="seeds">The seeds.</param>
    /// <param name="methods">The methods, of <see cref="Methods"/>.</param>
    /// <param name="studies">The studies, of <see cref="Studies"/>; each has its own N, on a long dataset those of them that were asked
    /// for, and what it is compared with is run too.</param>
    /// <param name="quick">Every method and every study once, small.</param>
    /// <param name="whole">Every method at each N; otherwise the paper's methods at each N and the others at the middle one.</param>
    public static IReadOnlyList<GridRun> Of(
        IReadOnlyList<int> ns,
        IReadOnlyList<long> seeds,
        IReadOnlyCollection<Method> methods,
        IReadOnlyCollection<string> studies,
        bool quick,
        bool whole = true
    )
    {
        var none = new Variation();
        var runs = new List<GridRun>();
        foreach (long seed in seeds)
        {
            foreach (var method in Methods)
            {
                IReadOnlyList<int> own = whole || PaperMethods.Contains(method) ? ns : [ns[(ns.Count - 1) / 2]];
                Add("grid", method, method == Method.KlConstrainedRl ? [.. own, 2 * own[^1]] : own, none);
            }

            foreach (
                (string study, Method method, int[] values, Variation variation) in Varied(quick)
                    .Where(part => studies.Contains(part.Study))
            )
            {
                int[] asked = whole ? values : [.. values.Intersect(ns)]; // where a run takes minutes
                Add("grid", method, asked, none);
                Add(study, method, asked, variation);
            }

            void Add(string study, Method method, IReadOnlyList<int> values, Variation variation) =>
                runs.AddRange(values.Select(n => new GridRun(study, method, n, seed, variation)));
        }

        return [.. runs.Where(run => methods.Contains(run.Method)).Distinct()];
    }

    private static IEnumerable<(string Study, Method Method, int[] N, Variation Variation)> Varied(bool quick)
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
        foreach (var variation in Tuned(quick))
            yield return ("tuning", variation.ReverseWeight is null ? Method.VariationalBestOfN : Method.Jeffreys, middle, variation);
        foreach (var variation in Valued(quick))
            yield return (
                "values",
                Method.VariationalBestOfN,
                quick ? [4]
                : variation is { Lambda: not null, FirstPart: not null } ? [4, 8, 16, 64]
                : one,
                variation
            );
        yield return ("values", Method.CalibratedTilt, quick ? [4] : [4, 8], new Variation { Lambda = 0.95, FinalRate = 0 });
        foreach (var variation in Searched(quick))
            yield return ("recipes", Method.VariationalBestOfN, quick ? [4] : [4, 8], variation);
        foreach (var variation in Distilled(quick))
            yield return (
                "distilled",
                Method.VariationalBestOfN,
                quick ? [4]
                : variation.Lambda is null ? [4, 8, 16, 64]
                : [4, 8, 16],
                variation
            );
        foreach (Variation head in Heads(quick))
            yield return ("heads", Method.Guided, quick ? [4] : [4, 8, 16, 64], head);
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

    /// <summary>Values along the answer, the rate falling to 0, batches that grow: all three at one, two and four times the draws, at four
    /// by two lambda, the smaller also after a start on guided draws; and what each of them does at one and at four.</summary>
    private static Variation[] Valued(bool quick) =>
        quick
            ?
            [
                new Variation
                {
                    Lambda = 0.95,
                    FinalRate = 0,
                    FirstPart = 0.25,
                },
            ]
            :
            [
                .. from run in new (double? Steps, double Lambda, double? Guided)[]
                {
                    (null, 0.95, null),
                    (2, 0.95, null),
                    (4, 0.95, null),
                    (4, 0.8, null),
                    (4, 0.8, 0.1),
                }
                select new Variation
                {
                    StepsFactor = run.Steps,
                    FinalRate = 0,
                    Lambda = run.Lambda,
                    FirstPart = 0.25,
                    GuidedStart = run.Guided,
                },
                .. from steps in new double?[] { null, 4 }
                from part in new[]
                {
                    new Variation(),
                    new Variation { Lambda = 0.95 },
                    new Variation { FirstPart = 0.25 },
                }
                select part with
                {
                    StepsFactor = steps,
                    FinalRate = 0,
                },
            ];

    /// <summary>The guided policy distilled on the policy's own draws: as the first third of vBoN with values, as long as the default and
    /// three times, which goes past the teacher in reward; alone at the cost of the default, 16 new draws a step, which goes through the
    /// last 96; and alone at some four times that cost. Alone at higher rates, for that gradient has little noise.</summary>
    private static Variation[] Distilled(bool quick)
    {
        var all = new Variation
        {
            Distilled = 1,
            Group = 1,
            BatchFactor = 0.25,
            RateFactor = 2,
            FinalRate = 0,
        };
        var third = new Variation
        {
            Distilled = 0.33,
            Lambda = 0.8,
            FirstPart = 0.25,
            RateFactor = 1.5,
            FinalRate = 0,
        };
        return quick
            ? [all with { Kept = 2 }]
            :
            [
                third,
                third with
                {
                    StepsFactor = 3,
                },
                all with
                {
                    BatchFactor = 0.125,
                    RateFactor = 3,
                    Kept = 6,
                },
                all with
                {
                    StepsFactor = 4,
                },
            ];
    }

    /// <summary>What might bind the value head: what it keeps of an answer, what it minimises, its steps, its size, its samples.</summary>
    private static Variation[] Heads(bool quick)
    {
        var sums = new Variation { HeadSums = 16, HeadForgetting = 0 };
        var flat = sums with { HeadLayers = 1, ValueWeight = 0 };
        return quick
            ?
            [
                flat,
                new Variation
                {
                    HeadStages = 2,
                    HeadReward = true,
                    HeadReads = "every",
                },
            ]
            :
            [
                sums,
                sums with
                {
                    HeadSums = 1,
                    HeadForgetting = 15,
                },
                new Variation { HeadStages = 2 },
                new Variation { HeadReads = "middle" },
                new Variation { HeadReads = "every" },
                new Variation { HeadReward = true },
                flat,
                flat with
                {
                    ValueWeight = null,
                },
                flat with
                {
                    HeadLayers = 2,
                },
                sums with
                {
                    HeadLayers = 2,
                },
                sums with
                {
                    HeadLayers = 2,
                    HeadEpochs = 24,
                },
                sums with
                {
                    HeadLayers = 2,
                    HeadLambda = 0.95,
                },
                flat with
                {
                    HeadEpochs = 24,
                },
                flat with
                {
                    HeadWidth = 128,
                },
                flat with
                {
                    HeadLambda = 0.95,
                },
                flat with
                {
                    Samples = 64,
                },
                flat with
                {
                    Samples = 1024,
                    HeadEpochs = 3,
                },
                flat with
                {
                    Samples = 1024,
                },
            ];
    }

    /// <summary>Four times the draws spent in other ways, and other beginnings.</summary>
    private static Variation[] Searched(bool quick)
    {
        Variation values =
                new()
                {
                    FinalRate = 0,
                    Lambda = 0.95,
                    FirstPart = 0.25,
                },
            four = values with { StepsFactor = 4 };
        return quick
            ? [values with { GuidedStart = 0.25, BatchFactor = 1.5 }]
            :
            [
                values with
                {
                    StepsFactor = 2,
                    BatchFactor = 2,
                },
                four with
                {
                    RateFactor = 2,
                },
                four with
                {
                    Lambda = 0.8,
                },
                four with
                {
                    Lambda = 1,
                },
                four with
                {
                    GuidedStart = 0.1,
                },
                values with
                {
                    GuidedStart = 0.25,
                },
            ];
    }

    /// <summary>What might bring a policy closer to Best-of-N than the default does.</summary>
    private static Variation[] Tuned(bool quick) =>
        quick
            ? [new Variation { ReverseWeight = 0.75 }, new Variation { WarmStart = 0.33 }]
            :
            [
                new Variation { ReverseWeight = 0.25 },
                new Variation { ReverseWeight = 0.75 },
                new Variation { ReverseWeight = 0.9 },
                new Variation { WarmStart = 0.33 },
                new Variation { FinalRate = 0 },
                new Variation { Group = 2 },
                new Variation { Group = 8 },
                new Variation { Group = 16 },
                new Variation { RateFactor = 0.5, StepsFactor = 2 },
                new Variation
                {
                    StepsFactor = 2,
                    FinalRate = 0,
                    WarmStart = 0.33,
                },
            ];
}
