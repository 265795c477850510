using VariationalBoN;

namespace AlignHuggingFace;

/// <summary>What a judge that is not trained on says of held-out answers. Stateless.</summary>
internal static class SecondOpinion
{
    /// <summary>The mean reward of a policy, with its error over prompts.</summary>
    public static async Task<Estimate> MeanAsync(
        IPolicy policy,
        Scorer scorer,
        IReadOnlyList<Prompt> prompts,
        int completions,
        long seed,
        CancellationToken cancellationToken
    )
    {
        var drawn = policy.Sample(prompts, completions, new DrawSeed(seed, DrawPurpose.Evaluation), cancellationToken);
        var scored = await scorer.ScoreAsync(drawn, cancellationToken);
        return Estimate.FromClusters([.. scored.Select(sample => sample.Reward)], scored.Groups);
    }
}
