using VariationalBoN;
using VariationalBoN.BestOfN;
using VariationalBoN.Gradients;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;

namespace SentimentControl.Training;

/// <summary>The fits of the library as methods of this sample: each is what a user writes inside the loop. Stateless.</summary>
/// <remarks>The library's other fits, written in the same way, are in benchmarks/VariationalBoN.Experiments.</remarks>
internal static class Fits
{
    /// <summary>vBoN, its bound, KL-constrained RL: reverse KL by the score function on completions of the policy.</summary>
    /// <param name="objective">The target.</param>
    public static Fit ScoreFunctionOn(IVariationalObjective objective) => async (run, step, ct) =>
    {
        var scored = await DrawAsync(run, step, ct);                                      // y ~ pi_theta(.|x), r(x,y), log pi_ref   plain data
        double[] targets = objective.LogTargets(run.BestOfN, scored);                     // log g(y)                           doubles
        return new StepWork(() =>
        {
            var logProb = run.Policy.LogProb(scored);                                     // [B]
            return new StepLoss(ScoreFunction.Loss(logProb, targets, scored.Groups), logProb); // baseline: leave-one-out per prompt
        })
        { Rollouts = scored };
    };

    /// <summary>BoN-SFT on cached samples, each drawn with the probability that it is the best of N.</summary>
    public static Fit BestOfNSft(double n) => (run, step, _) =>
        Cached(run, step, prompt =>
            BestSamples.Draw(run.Experiment.Table[prompt], n, run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step)));

    /// <summary>Completions of the policy for the prompts of a step, scored.</summary>
    public static async Task<ScoredBatch> DrawAsync(FineTuningState run, int step, CancellationToken ct) =>
        await run.Scorer.ScoreAsync(run.Policy.Sample(run.Prompts(step), run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step), ct), ct);

    /// <summary>Maximum likelihood on cached completions, each prompt with the weight 1 in all.</summary>
    public static Task<StepWork> Cached(FineTuningState run, int step, Func<string, IEnumerable<Completion>> draw)
    {
        Completion[][] byPrompt = [.. run.Prompts(step).Select(prompt => draw(prompt).ToArray())];
        Completion[] completions = [.. byPrompt.SelectMany(drawn => drawn)];
        double[] weights = [.. byPrompt.SelectMany(drawn => Enumerable.Repeat(1.0 / drawn.Length, drawn.Length))];
        int[] groups = [.. byPrompt.SelectMany((drawn, group) => Enumerable.Repeat(group, drawn.Length))];
        return Task.FromResult(Likelihood(run, completions, weights, groups));
    }

    /// <summary>Maximum likelihood on weighted completions.</summary>
    public static StepWork Likelihood(FineTuningState run, Completion[] completions, double[] weights, int[] groups) =>
        new(() => new StepLoss(WeightedLikelihood.Loss(run.Policy.LogProb(completions), weights, groups)));
}

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
        double[] weights = cached.Cdf.BestOfNWeights(n);
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
