namespace VariationalBoN.Experiments.Grid;

/// <summary>What the studies of guided decoding change: the value head, and how it guides. Stateless.</summary>
internal static class GuidedVariations
{
    /// <summary>What might bind guided decoding where answers come from many words: few tokens with values of their own, or a head that
    /// does not know what the judge has read so far. The defaults of datasets are among them: where they are, they are left out.</summary>
    public static Variation[] Guidance(bool quick) =>
        quick ? [new Variation { TopTokens = 4 }] : [new Variation { TopTokens = 48 }, new Variation { HeadReward = true }];

    /// <summary>What might bind the value head: what it keeps of an answer, what it minimises, its steps, its size, its samples.</summary>
    public static Variation[] Heads(bool quick)
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
}
