using SentimentControl.Datasets;

namespace VariationalBoN.Experiments.Grid;

/// <summary>What studies of many settings change in the training of a policy. Stateless.</summary>
internal static class TrainingVariations
{
    /// <summary>vBoN as the main sample runs it, but in the steps of plain vBoN: a part of them distils the guided policy, then values,
    /// batches that grow.</summary>
    private static readonly Variation s_mainSample = new()
    {
        Distilled = RunSettings.DistilledPart,
        Lambda = RunSettings.Lambda,
        FirstPart = RunSettings.ValuedFirstPart,
        RateFactor = RunSettings.ValuedRate,
        FinalRate = RunSettings.ValuedFinalRatePart,
    };

    /// <summary>What might bring a policy closer to Best-of-N than the default does.</summary>
    public static Variation[] Tuned(bool quick) =>
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

    /// <summary>Values along the answer, the rate falling to 0, batches that grow: all three at one, two and four times the draws, at four
    /// by two lambda, the smaller also after a start on guided draws; and what each of them does at one and at four.</summary>
    public static Variation[] Valued(bool quick) =>
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

    /// <summary>Four times the draws spent in other ways, and other beginnings.</summary>
    public static Variation[] Searched(bool quick)
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

    /// <summary>The main sample's recipe in more steps, to see whether they are what binds.</summary>
    /// <param name="times">Steps as a multiple of those of plain vBoN; the main sample takes <see cref="RunSettings.ValuedSteps"/>.</param>
    public static Variation Longer(double times) => s_mainSample with { StepsFactor = times };

    /// <summary>The guided policy distilled on the policy's own draws: as the first third of vBoN with values, as long as the default and
    /// three times, which goes past the teacher in reward; alone at the cost of the default, 16 new draws a step, which goes through the
    /// last 96; and alone at some four times that cost. Alone at higher rates, for that gradient has little noise.</summary>
    public static Variation[] Distilled(bool quick)
    {
        var all = new Variation
        {
            Distilled = 1,
            Group = 1,
            BatchFactor = 0.25,
            RateFactor = 2,
            FinalRate = 0,
        };
        return quick
            ? [all with { Kept = 2 }]
            : [s_mainSample, Longer(3), all with { BatchFactor = 0.125, RateFactor = 3, Kept = 6 }, all with { StepsFactor = 4 }];
    }
}
