using VariationalBoN;

namespace AlignHuggingFace;

/// <summary>What a judge that is not trained on says of held-out answers. Stateless.</summary>
internal static class SecondOpinion
{
    /// <summary>Whether the answers of the policy got better or worse to it, in a sentence.</summary>
    public static async Task<string> OfAsync(
        LanguageModel model,
        Judge second,
        Prompt[] heldOut,
        Arguments arguments,
        CancellationToken cancellationToken
    )
    {
        var scorer = new Scorer(model.Reference, second.Reward);
        return Verdict.OfSecond(await MeanAsync(model.Reference), await MeanAsync(model.Policy));

        async Task<Estimate> MeanAsync(IPolicy policy)
        {
            var seed = new DrawSeed(arguments.Seed, DrawPurpose.Evaluation);
            var drawn = policy.Sample(heldOut, arguments.HeldOutCompletions, seed, cancellationToken);
            var scored = await scorer.ScoreAsync(drawn, cancellationToken);
            return Estimate.FromClusters([.. scored.Select(sample => sample.Reward)], scored.Groups); // its error is over prompts
        }
    }
}
