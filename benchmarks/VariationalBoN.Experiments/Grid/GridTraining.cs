using System.Diagnostics;
using SentimentControl.Datasets;
using SentimentControl.Reporting;
using SentimentControl.Training;
using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.Gradients;
using VariationalBoN.Objectives;

namespace VariationalBoN.Experiments.Grid;

/// <summary>Makes one run of the grid: its experiment, its fit, its numbers. Stateless.</summary>
internal static class GridTraining
{
    private const int CurveEvery = 10, CurveCompletions = 16;

    public static async Task<RunRecord> RunAsync(GridRun run, GridSetup setup, int samplesPerPrompt, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        Experiment measured = setup.At(run.Variation.Temperature ?? 1), experiment = Vary(measured, run.Variation, samplesPerPrompt);
        double? beta = run.Method == Method.KlConstrainedRl ? FineTuning.MatchedBeta(experiment, run.N) : null;
        var bestOfN = experiment.Table.BestOf(run.N, onWarning: _ => { }); // too small a cache is what one study is about
        var curve = new List<CurvePoint>();
        using var watch = new RunWatch();
        Fit fit = watch.Around(FitOf(run, beta, watch), run.Variation.Curve is true ? AddToCurveAsync : null);
        var tuned = await AlignmentRun.RunAsync(experiment, bestOfN, fit, progress, cancellationToken);
        using var model = tuned.Model;
        if (run.Variation.Curve is true && tuned.Stopped is null)
            await AddToCurveAsync(model, experiment.Settings.Steps);
        var result = await new Measurement(measured).PolicyAsync(run.Method, model, run.N, beta, measured.Table.BestOf(run.N, onWarning: _ => { }), cancellationToken);
        double seconds = Math.Round(clock.Elapsed.TotalSeconds, 1);
        return new RunRecord(run, result, seconds, watch.Drawn, tuned.Stopped, RunRecord.Fingerprint(model), curve);

        async Task AddToCurveAsync(VariationalBoN.Models.Gpt2 now, int steps)
        {
            if (steps % CurveEvery != 0)
                return;
            var report = await new Evaluator(new Scorer(measured.Reference, measured.Reward), measured.Table).EvaluateAsync(measured.Policy(now), measured.HeldOutPrompts, CurveCompletions, measured.Seed, cancellationToken);
            curve.Add(new CurvePoint(steps, watch.Drawn, report.Reward.Value, report.WinRate.Value, report.Kl.Value));
        }
    }

    private static Experiment Vary(Experiment experiment, Variation variation, int samplesPerPrompt)
    {
        RunSettings settings = experiment.Settings;
        int samples = variation.Samples ?? samplesPerPrompt, completions = settings.PromptsPerStep * settings.CompletionsPerPrompt;
        var varied = experiment with
        {
            Table = samples < settings.SamplesPerPrompt ? GridSetup.First(experiment.Table, samples) : experiment.Table,
            Settings = settings with
            {
                SamplesPerPrompt = samples,
                Steps = (int)Math.Round(settings.Steps * (variation.StepsFactor ?? 1)),
                LearningRate = settings.LearningRate * (variation.RateFactor ?? 1),
                FinalRatePart = variation.FinalRate ?? settings.FinalRatePart,
                CompletionsPerPrompt = variation.Group ?? settings.CompletionsPerPrompt,
                PromptsPerStep = Math.Min(experiment.TrainPrompts.Count, completions / (variation.Group ?? settings.CompletionsPerPrompt)),
            },
        };
        return variation.Transform is string transform ? GridSetup.Transformed(varied, transform) : varied;
    }

    private static Fit FitOf(GridRun run, double? beta, RunWatch watch)
    {
        int n = run.N;
        IVariationalObjective exact = run.Variation.PaperScale is true ? new PaperScaleObjective() : new ExactObjective();
        Fit fit = run.Method switch
        {
            Method.VariationalBestOfN => run.Variation.Baseline switch
            {
                "none" => GridFits.ScoreFunctionOn(exact, Baseline.None),
                "group mean" => GridFits.ScoreFunctionOn(exact, Baseline.GroupMean),
                "running mean" => GridFits.ScoreFunctionOn(exact, Baseline.None, new RunningMean()),
                _ => Fits.ScoreFunctionOn(exact),
            },
            Method.LowerBound => Fits.ScoreFunctionOn(new LowerBoundObjective()),
            Method.KlConstrainedRl => Fits.ScoreFunctionOn(new GibbsObjective(beta!.Value)),
            Method.BestOfNSft => run.Variation.AllSamples is true ? GridFits.WeightedSft(n) : Fits.BestOfNSft(n),
            Method.WinnersSft => GridFits.Winners(n),
            Method.ClippedRatio => GridFits.Clipped(exact, epochs: 4, new ClippedRatioOptions()),
            Method.GroupNormalised => GridFits.Clipped(exact, epochs: 4, new ClippedRatioOptions { NormaliseByGroup = true }),
            Method.Jeffreys => GridFits.JeffreysMix(n, run.Variation.ReverseWeight ?? 0.5),
            Method.Regression => GridFits.Regression(n, centred: false, run.Variation.Clipped ?? true),
            Method.LogVariance => GridFits.Regression(n, centred: true, run.Variation.Clipped ?? false),
            Method.Iterated => GridFits.Iterated(n, run.Variation.MovingAverage is true, watch),
            Method.BonBon => GridFits.OnPairs(n, (best, worst, bestReference, worstReference) => PairLoss.BonBon(best, worst, bestReference, worstReference, n)),
            Method.Ipo => GridFits.OnPairs(n, (best, worst, bestReference, worstReference) => PairLoss.Ipo(best, worst, bestReference, worstReference, 1 / (2 * PairLoss.ExpectedGap(n)))),
            Method.Dpo => GridFits.OnPairs(n, (best, worst, bestReference, worstReference) => PairLoss.Dpo(best, worst, bestReference, worstReference, beta: 1)),
            _ => throw new ArgumentOutOfRangeException(nameof(run), run.Method, "This method has no fit."),
        };
        return run.Variation.WarmStart is double part ? Fits.BestOfNSft(n).Then(fit, part) : fit;
    }

    /// <summary>The target of the authors' published code: (1/n) log-ratio with KL times 1/(n - 1), which is pi_ref times the ratio to the power (n - 1) / n.</summary>
    private sealed class PaperScaleObjective : IVariationalObjective
    {
        public double LogTarget(IBoNDistribution bestOfN, VariationalBoN.ScoredCompletion completion) =>
            completion.LogReference + ((bestOfN.N - 1) / bestOfN.N * bestOfN.LogRatio(completion));
    }
}
