using VariationalBoN;
using VariationalBoN.Guidance;
using VariationalBoN.Losses;

namespace SentimentControl.Training;

/// <summary>The recipes of the library as methods of this sample: each is what a user writes inside the loop. Stateless.</summary>
/// <remarks>The library's other recipes, written in the same way, are in benchmarks/VariationalBoN.Experiments.</remarks>
internal static class Recipes
{
    /// <summary>vBoN, its bound, KL-constrained RL: reverse KL by the score function on completions of the policy.</summary>
    /// <param name="objective">The objective, made of the Best-of-N distribution of the run.</param>
    public static Recipe ScoreFunctionOn(Func<IBoNDistribution, IVariationalObjective> objective) =>
        async (run, step, ct) =>
        {
            var scored = await DrawAsync(run, step, ct); // y ~ pi_theta(.|x), r(x,y), log pi_ref   plain data
            double[] targets = objective(run.BestOfN).LogTargets(scored); // log g(y)                           doubles
            return new StepWork(() =>
            {
                var logProb = run.Policy.LogProb(scored); // [B]
                return new StepLoss(ScoreFunction.Loss(logProb, targets, scored.Groups), logProb); // baseline: leave-one-out per prompt
            })
            {
                Rollouts = scored,
            };
        };

    /// <summary>vBoN with values along the answer: the gradient of each token knows what the reference expects from there on.</summary>
    /// <param name="value">The values, learned from the table.</param>
    /// <param name="weight">Where to.</param>
    /// <param name="lambda">1 for the gradient of vBoN itself, below for less variance.</param>
    public static Recipe ScoreFunctionWith(IPrefixValue value, RankWeight weight, double lambda) =>
        async (run, step, ct) =>
        {
            var scored = await DrawAsync(run, step, ct);
            var values = TokenValues.Of(value, run.Experiment.Reference, scored, weight, run.BestOfN);
            return new StepWork(() =>
            {
                var logProb = run.Policy.TokenLogProb(scored); // [B, T]
                return new StepLoss(ScoreFunction.Loss(logProb, values.LogReference, values.Values, lambda), logProb.sum(1));
            })
            {
                Rollouts = scored,
            };
        };

    /// <summary>BoN-SFT on stored samples, each drawn with the probability that it is the best of N.</summary>
    public static Recipe BestOfNSft(double n) =>
        (run, step, _) =>
            Stored(
                run,
                run.Experiment.Table.DrawBestOf(run.Prompts(step), n, run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step))
            );

    /// <summary>Distillation: the policy is pulled to the guided policy, token by token, on draws of its own; nobody scores them.</summary>
    /// <param name="value">The values that guide the teacher.</param>
    /// <param name="weight">Where to.</param>
    public static Recipe Distilled(IPrefixValue value, RankWeight weight)
    {
        GuidedPolicy? teacher = null; // once: it compares all weights of the reference
        return (run, step, ct) =>
        {
            teacher ??= run.Experiment.Guided(value, weight);
            var drawn = run.Policy.Sample(run.Prompts(step), run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step), ct);
            return Task.FromResult(
                new StepWork(() =>
                    new StepLoss(Distillation.Loss(run.Policy.NextTokenLogProb(drawn), teacher.NextTokenLogProb(drawn), drawn.Count))
                )
                {
                    Drawn = drawn.Count,
                }
            );
        };
    }

    /// <summary>One recipe for the first steps, another one for the rest.</summary>
    /// <param name="first">The first.</param>
    /// <param name="second">The other one.</param>
    /// <param name="part">The part of the steps that the first takes.</param>
    public static Recipe Then(this Recipe first, Recipe second, double part) =>
        (run, step, ct) => (step < part * run.Experiment.Settings.Steps ? first : second)(run, step, ct);

    /// <summary>Completions of the policy for the prompts of a step, scored.</summary>
    public static async Task<ScoredBatch> DrawAsync(FineTuningState run, int step, CancellationToken ct) =>
        await run.Scorer.ScoreAsync(
            run.Policy.Sample(run.Prompts(step), run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step), ct),
            ct
        );

    /// <summary>Maximum likelihood on stored completions, each prompt with the weight 1 in all.</summary>
    public static Task<StepWork> Stored(FineTuningState run, ScoredBatch drawn)
    {
        var sizes = drawn.Groups.CountBy(group => group).ToDictionary();
        return Task.FromResult(Likelihood(run, drawn.Completions, [.. drawn.Groups.Select(group => 1.0 / sizes[group])], drawn.Groups));
    }

    /// <summary>Maximum likelihood on weighted completions.</summary>
    public static StepWork Likelihood(
        FineTuningState run,
        IReadOnlyList<Completion> completions,
        double[] weights,
        IReadOnlyList<int> groups
    ) => new(() => new StepLoss(WeightedLikelihood.Loss(run.Policy.LogProb(completions), weights, groups)));
}
