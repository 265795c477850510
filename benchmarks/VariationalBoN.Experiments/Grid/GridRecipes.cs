using SentimentControl.Training;
using TorchSharp;
using VariationalBoN.Guidance;
using VariationalBoN.Losses;
using VariationalBoN.Policies;
using VariationalBoN.References;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The recipes of the library that the main sample does not show,
/// written like its own (<see cref="Recipes"/>). Stateless.</summary>
internal static class GridRecipes
{
    private const double ApproximateKlLimit = 0.05,
        SquaredFloor = -6;
    private const int AnchorSamples = 8;

    /// <summary>The sample's score function with another baseline than leave-one-out.</summary>
    /// <param name="objective">The objective, made of the Best-of-N distribution of the run.</param>
    /// <param name="baseline">What is subtracted from the returns.</param>
    /// <param name="mean">The mean return of the steps before, to be the baseline instead.</param>
    public static Recipe ScoreFunctionOn(
        Func<IBoNDistribution, IVariationalObjective> objective,
        Baseline baseline,
        RunningMean? mean = null
    ) =>
        async (run, step, ct) =>
        {
            var scored = await Recipes.DrawAsync(run, step, ct);
            double[] targets = objective(run.BestOfN).LogTargets(scored);
            return new StepWork(() =>
            {
                var logProb = run.Policy.LogProb(scored);
                var loss = ScoreFunction.Loss(logProb, targets, scored.Groups, mean?.Baseline ?? baseline);
                mean?.Add(logProb, targets); // after the loss: a baseline that has seen y is not free of it
                return new StepLoss(loss, logProb);
            })
            {
                Rollouts = scored,
            };
        };

    /// <summary>Reverse KL with several epochs on one batch:
    /// ratios clipped, left when the policy has moved too far (PPO, or GRPO).</summary>
    public static Recipe Clipped(Func<IBoNDistribution, IVariationalObjective> objective, int epochs, ClippedRatioOptions options) =>
        async (run, step, ct) =>
        {
            var scored = await Recipes.DrawAsync(run, step, ct);
            double[] targets = objective(run.BestOfN).LogTargets(scored),
                old = run.Policy.LogProbValues(scored.Completions);
            int epoch = 0;
            return new StepWork(() =>
            {
                var logProb = run.Policy.LogProb(scored);
                return new StepLoss(ClippedRatio.Loss(logProb, old, targets, scored.Groups, options), logProb);
            })
            {
                Rollouts = scored,
                Again = () => ++epoch < epochs && !HasMovedTooFar(),
            };

            bool HasMovedTooFar()
            {
                using var now = run.Policy.LogProb(scored);
                return ClippedRatio.ApproximateKl(now, old) > ApproximateKlLimit;
            }
        };

    /// <summary>BoN-SFT on all stored samples of a prompt, each weighted by the probability that it is the best of N.</summary>
    public static Recipe WeightedSft(double n) =>
        (run, step, _) =>
        {
            var stored = run.Prompts(step).Select(prompt => run.Experiment.Table[prompt]).ToArray();
            Completion[] completions =
            [
                .. stored.SelectMany(prompt => prompt.Samples.OrderBy(sample => sample.Reward).Select(sample => sample.Completion)),
            ];
            double[] weights = [.. stored.SelectMany(prompt => prompt.Cdf.BestOfNWeightsByRank(n))]; // of the rewards in ascending order
            return Task.FromResult(
                Recipes.Likelihood(run, completions, weights, [.. stored.SelectMany((prompt, group) => prompt.Samples.Select(_ => group))])
            );
        };

    /// <summary>BoN-SFT as in the paper: the best of N stored samples drawn without replacement.</summary>
    public static Recipe Winners(int n) =>
        (run, step, _) =>
            Recipes.Stored(
                run,
                run.Experiment.Table.Draw(run.Prompts(step), prompt => Pairs(run, prompt.Prompt, n, step).Select(pair => pair.Best))
            );

    /// <summary>Regression of log pi_theta on the target, on stored samples: half of them uniform, half as Best-of-N draws them.</summary>
    public static Recipe Regression(double n, bool centred, bool clipped) =>
        (run, step, _) =>
        {
            IVariationalObjective exact = new ExactObjective(run.BestOfN.LeaveOneOut()); // each sample is one of the M itself
            IVariationalObjective objective = clipped ? new ClippedObjective(exact, SquaredFloor) : exact;
            int half = run.Experiment.Settings.CompletionsPerPrompt / 2;
            ScoredBatch drawn = run.Experiment.Table.Draw(
                run.Prompts(step),
                prompt =>
                    [
                        .. ReferenceResampling.Uniform(prompt, half, run.Seed(step)),
                        .. ReferenceResampling.BestOf(prompt, n, half, run.Seed(step)),
                    ]
            );
            double[] targets = objective.LogTargets(drawn);
            return Task.FromResult(
                new StepWork(() =>
                {
                    var logProb = run.Policy.LogProb(drawn);
                    return new StepLoss(
                        centred ? SquaredLogRatio.Centred(logProb, targets, drawn.Groups) : SquaredLogRatio.Known(logProb, targets)
                    );
                })
            );
        };

    /// <summary>Maximum likelihood on draws of the guided policy: a start that needs no rewards,
    /// near Best-of-N from the first steps.</summary>
    /// <param name="value">The values, learned from the table.</param>
    /// <param name="weight">Where to.</param>
    public static Recipe OnGuidedDraws(IPrefixValue value, RankWeight weight)
    {
        GuidedPolicy? guided = null;
        return (run, step, ct) =>
        {
            guided ??= run.Experiment.Guided(value, weight);
            int each = run.Experiment.Settings.CompletionsPerPrompt;
            var drawn = guided.Sample(run.Prompts(step), each, run.Seed(step), ct);
            var work = Recipes.Likelihood(run, drawn, [.. drawn.Select(_ => 1.0 / each)], [.. drawn.Select((_, i) => i / each)]);
            return Task.FromResult(work with { Drawn = drawn.Count });
        };
    }

    /// <summary>Distillation as in <see cref="Recipes.Distilled"/>, but a step goes through the draws of some steps before again, each with
    /// what the teacher said of it.</summary>
    /// <param name="value">The values that guide the teacher.</param>
    /// <param name="weight">Where to.</param>
    /// <param name="batches">How many batches a step goes through, the new one included.</param>
    /// <param name="watch">Owns what the teacher said.</param>
    public static Recipe Distilled(IPrefixValue value, RankWeight weight, int batches, RunWatch watch)
    {
        var kept = new Queue<(IReadOnlyList<Completion> Drawn, torch.Tensor Teacher)>();
        GuidedPolicy? guided = null;
        return (run, step, ct) =>
        {
            guided ??= run.Experiment.Guided(value, weight);
            var drawn = run.Policy.Sample(run.Prompts(step), run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step), ct);
            kept.Enqueue((drawn, watch.Own(guided.NextTokenLogProb(drawn)))); // [N, V]
            if (kept.Count > batches)
                kept.Dequeue().Teacher.Dispose();
            return Task.FromResult(
                new StepWork(() =>
                {
                    Completion[] all = [.. kept.SelectMany(part => part.Drawn)];
                    var teacher = torch.cat([.. kept.Select(part => part.Teacher)]);
                    return new StepLoss(Distillation.Loss(run.Policy.NextTokenLogProb(all), teacher, all.Length));
                })
                {
                    Drawn = drawn.Count,
                }
            );
        };
    }

    /// <summary>The mix of both KLs: reverse on completions of the policy, forward on stored samples as Best-of-N draws them.</summary>
    public static Recipe JeffreysMix(double n, double reverseWeight)
    {
        Recipe reverse = Recipes.ScoreFunctionOn(bestOfN => new ExactObjective(bestOfN)),
            forward = Recipes.BestOfNSft(n);
        return async (run, step, ct) =>
        {
            StepWork own = await reverse(run, step, ct),
                stored = await forward(run, step, ct);
            return own with
            {
                Loss = () =>
                {
                    StepLoss first = own.Loss();
                    return first with { Loss = Jeffreys.Loss(first.Loss, stored.Loss().Loss, reverseWeight) };
                },
            };
        };
    }

    /// <summary>Best and worst of n stored samples: BoNBoN, IPO or DPO.</summary>
    public static Recipe OnPairs(int n, Func<torch.Tensor, torch.Tensor, double[], double[], torch.Tensor> loss) =>
        (run, step, _) =>
        {
            BestWorstPair[] pairs =
            [
                .. run.Prompts(step)
                    .SelectMany(prompt => Pairs(run, prompt, n, step).Take(Math.Max(1, run.Experiment.Settings.CompletionsPerPrompt / 2))),
            ];
            Completion[] both = [.. pairs.Select(pair => pair.Best.Completion), .. pairs.Select(pair => pair.Worst.Completion)];
            double[] best = [.. pairs.Select(pair => pair.Best.LogReference)],
                worst = [.. pairs.Select(pair => pair.Worst.LogReference)];
            return Task.FromResult(
                new StepWork(() =>
                {
                    var logProb = run.Policy.LogProb(both);
                    return new StepLoss(
                        loss(logProb.narrow(0, 0, pairs.Length), logProb.narrow(0, pairs.Length, pairs.Length), best, worst)
                    );
                })
            );
        };

    /// <summary>Iterated Best-of-2: log2 N rounds, in each the best of 2 of an anchor that is what the policy was when the round began; or
    /// of an exponential moving average of the policy, fast enough to reach N by the last step.</summary>
    public static Recipe Iterated(int n, bool movingAverage, RunWatch watch)
    {
        int rounds = int.Log2(n),
            current = -1;
        VariationalBoN.Transformers.Decoders.Gpt2? anchor = null;
        MovingAnchor? target = null;
        return async (run, step, ct) =>
        {
            int round = step * rounds / run.Experiment.Settings.Steps;
            if (anchor is null)
            {
                anchor = watch.Own(AlignmentRun.Copy(run.Experiment)).Freeze();
                target = new MovingAnchor(run.Experiment.Policy(anchor), run.Experiment.Reward, AnchorSamples);
            }

            if (movingAverage)
                anchor.MoveTowards(run.Model, Math.Log(n) / run.Experiment.Settings.Steps); // N grows by up to e^(rate steps)
            else if (round != current)
                anchor.MoveTowards(run.Model, rate: 1);
            current = round;
            var prompts = run.Prompts(step);
            var bestOfTwo = await target!.RefreshAsync(prompts, n: 2, run.Seed(step).Value, ct);
            var scored = await target.Scorer.ScoreAsync(
                run.Policy.Sample(prompts, run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step), ct),
                ct
            );
            double[] targets = new ExactObjective(bestOfTwo).LogTargets(scored);
            return new StepWork(() =>
            {
                var logProb = run.Policy.LogProb(scored);
                return new StepLoss(ScoreFunction.Loss(logProb, targets, scored.Groups), logProb);
            })
            {
                Drawn = scored.Count + (prompts.Count * AnchorSamples),
            };
        };
    }

    private static IEnumerable<BestWorstPair> Pairs(FineTuningState run, Prompt prompt, int n, int step) =>
        Enumerable
            .Range(0, run.Experiment.Settings.CompletionsPerPrompt)
            .Select(k => BestWorstPair.Draw(run.Experiment.Table[prompt], n, run.Seed(step) with { FirstSample = k }));
}
