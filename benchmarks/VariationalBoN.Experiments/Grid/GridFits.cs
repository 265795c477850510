using SentimentControl.Training;
using TorchSharp;
using VariationalBoN.BestOfN;
using VariationalBoN.Gradients;
using VariationalBoN.Objectives;
using VariationalBoN.Policies;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The fits of the library that the main sample does not show, written like its own (<see cref="Fits"/>). Stateless.</summary>
internal static class GridFits
{
    private const double ApproximateKlLimit = 0.05, SquaredFloor = -6;
    private const int AnchorSamples = 8;

    /// <summary>The sample's score function with another baseline than leave-one-out.</summary>
    /// <param name="objective">The target.</param>
    /// <param name="baseline">What is subtracted from the returns.</param>
    /// <param name="mean">The mean return of the steps before, to be the baseline instead.</param>
    public static Fit ScoreFunctionOn(
        IVariationalObjective objective, Baseline baseline, RunningMean? mean = null) => async (run, step, ct) =>
    {
        var scored = await Fits.DrawAsync(run, step, ct);
        double[] targets = objective.LogTargets(run.BestOfN, scored);
        return new StepWork(() =>
        {
            var logProb = run.Policy.LogProb(scored);
            var loss = ScoreFunction.Loss(logProb, targets, scored.Groups, mean?.Baseline ?? baseline);
            mean?.Add(logProb, targets); // after the loss: a baseline that has seen y is not free of it
            return new StepLoss(loss, logProb);
        })
        { Rollouts = scored };
    };

    /// <summary>Reverse KL with several epochs on one batch: ratios clipped, left when the policy has moved too far (PPO, or GRPO).</summary>
    public static Fit Clipped(IVariationalObjective objective, int epochs, ClippedRatioOptions options) => async (run, step, ct) =>
    {
        var scored = await Fits.DrawAsync(run, step, ct);
        double[] targets = objective.LogTargets(run.BestOfN, scored), old = run.Policy.LogProbValues(scored.Completions);
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

    /// <summary>BoN-SFT on all cached samples of a prompt, each weighted by the probability that it is the best of N.</summary>
    public static Fit WeightedSft(double n) => (run, step, _) =>
    {
        var cached = run.Prompts(step).Select(prompt => run.Experiment.Table[prompt]).ToArray();
        Completion[] completions = [.. cached.SelectMany(prompt => prompt.Samples.OrderBy(sample => sample.Reward).Select(sample => sample.Completion))];
        double[] weights = [.. cached.SelectMany(prompt => prompt.Cdf.BestOfNWeights(n))]; // of the rewards in ascending order
        return Task.FromResult(Fits.Likelihood(run, completions, weights, [.. cached.SelectMany((prompt, group) => prompt.Samples.Select(_ => group))]));
    };

    /// <summary>BoN-SFT as in the paper: the best of N cached samples drawn without replacement.</summary>
    public static Fit Winners(int n) => (run, step, _) => Fits.Cached(run, step, prompt => Pairs(run, prompt, n, step).Select(pair => pair.Best.Completion));

    /// <summary>Regression of log pi_theta on the target, on cached samples: half of them uniform, half as Best-of-N draws them.</summary>
    public static Fit Regression(double n, bool centred, bool clipped) => (run, step, _) =>
    {
        IVariationalObjective objective = clipped ? new ClippedObjective(new ExactObjective(), SquaredFloor) : new ExactObjective();
        int half = run.Experiment.Settings.CompletionsPerPrompt / 2;
        var prompts = run.Prompts(step);
        ScoredCompletion[] samples = [.. prompts.SelectMany(prompt => Uniform(run, prompt, half, step).Concat(Scored(run, prompt, BestSamples.Draw(run.Experiment.Table[prompt], n, half, run.Seed(step)))))];
        double[] targets = objective.LogTargets(run.BestOfN.LeaveOneOut(), samples); // each is one of the M itself
        int[] groups = [.. Enumerable.Range(0, samples.Length).Select(i => i / (2 * half))];
        Completion[] completions = [.. samples.Select(sample => sample.Completion)];
        return Task.FromResult(new StepWork(() =>
        {
            var logProb = run.Policy.LogProb(completions);
            return new StepLoss(centred ? SquaredLogRatio.Centred(logProb, targets, groups) : SquaredLogRatio.Known(logProb, targets));
        }));
    };

    /// <summary>The mix of both KLs: reverse on completions of the policy, forward on cached samples as Best-of-N draws them.</summary>
    public static Fit JeffreysMix(double n, double reverseWeight)
    {
        Fit reverse = Fits.ScoreFunctionOn(new ExactObjective()), forward = Fits.BestOfNSft(n);
        return async (run, step, ct) =>
        {
            StepWork own = await reverse(run, step, ct), cached = await forward(run, step, ct);
            return own with
            {
                Loss = () =>
                {
                    StepLoss first = own.Loss();
                    return first with { Loss = Jeffreys.Loss(first.Loss, cached.Loss().Loss, reverseWeight) };
                },
            };
        };
    }

    /// <summary>Best and worst of n cached samples: BoNBoN, IPO or DPO.</summary>
    public static Fit OnPairs(int n, Func<torch.Tensor, torch.Tensor, double[], double[], torch.Tensor> loss) => (run, step, _) =>
    {
        BestWorstPair[] pairs = [.. run.Prompts(step).SelectMany(prompt => Pairs(run, prompt, n, step).Take(Math.Max(1, run.Experiment.Settings.CompletionsPerPrompt / 2)))];
        Completion[] both = [.. pairs.Select(pair => pair.Best.Completion), .. pairs.Select(pair => pair.Worst.Completion)];
        double[] best = [.. pairs.Select(pair => pair.Best.LogReference)], worst = [.. pairs.Select(pair => pair.Worst.LogReference)];
        return Task.FromResult(new StepWork(() =>
        {
            var logProb = run.Policy.LogProb(both);
            return new StepLoss(loss(logProb.narrow(0, 0, pairs.Length), logProb.narrow(0, pairs.Length, pairs.Length), best, worst));
        }));
    };

    /// <summary>Iterated Best-of-2: log2 N rounds, in each the best of 2 of an anchor that is what the policy was when the round began; or of an exponential moving average of the policy, fast enough to reach N by the last step.</summary>
    public static Fit Iterated(int n, bool movingAverage, RunWatch watch)
    {
        int rounds = int.Log2(n), current = -1;
        VariationalBoN.Models.Gpt2? anchor = null;
        MovingAnchor? target = null;
        return async (run, step, ct) =>
        {
            int round = step * rounds / run.Experiment.Settings.Steps;
            if (anchor is null)
            {
                anchor = watch.Own(AlignmentRun.Copy(run.Experiment));
                target = new MovingAnchor(run.Experiment.Policy(anchor), run.Experiment.Reward, AnchorSamples);
            }

            if (movingAverage)
                anchor.MoveTowards(run.Model, Math.Log(n) / run.Experiment.Settings.Steps); // N grows by up to e^(rate steps)
            else if (round != current)
                anchor.MoveTowards(run.Model, rate: 1);
            current = round;
            var prompts = run.Prompts(step);
            var bestOfTwo = await target!.RefreshAsync(prompts, n: 2, run.Seed(step).Value, ct);
            var scored = await target.Scorer.ScoreAsync(run.Policy.Sample(prompts, run.Experiment.Settings.CompletionsPerPrompt, run.Seed(step), ct), ct);
            double[] targets = new ExactObjective().LogTargets(bestOfTwo, scored);
            watch.Drawn += scored.Count + (prompts.Count * AnchorSamples);
            return new StepWork(() =>
            {
                var logProb = run.Policy.LogProb(scored);
                return new StepLoss(ScoreFunction.Loss(logProb, targets, scored.Groups), logProb);
            });
        };
    }

    /// <summary>One fit for the first steps, another one for the rest.</summary>
    public static Fit Then(this Fit first, Fit second, double part) => (run, step, ct) => (step < part * run.Experiment.Settings.Steps ? first : second)(run, step, ct);

    private static IEnumerable<BestWorstPair> Pairs(FineTuningState run, string prompt, int n, int step) =>
        Enumerable.Range(0, run.Experiment.Settings.CompletionsPerPrompt).Select(k => BestWorstPair.Draw(run.Experiment.Table[prompt], n, run.Seed(step) with { FirstSample = k }));

    private static IEnumerable<ScoredCompletion> Uniform(FineTuningState run, string prompt, int count, int step)
    {
        var samples = run.Experiment.Table[prompt].Samples;
        var random = new CounterRandom(run.Seed(step) with { Purpose = DrawPurpose.Resampling }, prompt, 0);
        return Enumerable.Range(1, count).Select(k => samples[(int)(random.Uniform(k) * samples.Length)]); // number 0 is that of BestSamples
    }

    private static IEnumerable<ScoredCompletion> Scored(FineTuningState run, string prompt, IEnumerable<Completion> drawn)
    {
        var samples = run.Experiment.Table[prompt].Samples;
        return drawn.Select(completion => samples.First(sample => ReferenceEquals(sample.Completion, completion)));
    }
}
