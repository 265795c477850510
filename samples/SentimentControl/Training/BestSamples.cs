using VariationalBoN;
using VariationalBoN.References;

namespace SentimentControl.Training;

/// <summary>Draws cached reference samples as Best-of-N would: each with the probability that it is the best of N. Stateless.</summary>
internal static class BestSamples
{
    /// <summary>Systematic draws: one uniform number, evenly spaced quantiles, so that the draws spread over the distribution.</summary>
    /// <param name="cached">The samples of one prompt.</param>
    /// <param name="n">N.</param>
    /// <param name="count">How many to draw.</param>
    /// <param name="seed">Fixes the draw, apart from the completions that are drawn with the same seed.</param>
    public static IEnumerable<Completion> Draw(ReferencePrompt cached, double n, int count, DrawSeed seed)
    {
        double[] weights = cached.Cdf.BestOfNWeightsByRank(n);
        ScoredCompletion[] ascending = [.. cached.Samples.OrderBy(sample => sample.Reward)];
        double u = new CounterRandom(seed with { Purpose = DrawPurpose.Resampling }, cached.Prompt, sample: 0).Uniform(0), reached = weights[0];
        int position = 0;
        for (int draw = 0; draw < count; draw++)
        {
            while (position < weights.Length - 1 && reached <= (draw + u) / count)
                reached += weights[++position];
            yield return ascending[position].Completion;
        }
    }
}
