using VariationalBoN;
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
        Cached(run, step, prompt => BestSamples.Draw(run.Experiment.Table[prompt], n, run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step)));

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
