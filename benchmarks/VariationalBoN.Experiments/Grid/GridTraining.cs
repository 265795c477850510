using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using SentimentControl.Datasets;
using SentimentControl.Reporting;
using SentimentControl.Training;
using VariationalBoN.Guidance;
using VariationalBoN.Losses;
using VariationalBoN.Numerics;

namespace VariationalBoN.Experiments.Grid;

/// <summary>Makes one run of the grid: its experiment, its recipe, its numbers. Stateless.</summary>
internal static class GridTraining
{
    private const int CurveEvery = 10,
        CurveCompletions = 16;

    public static async Task<RunRecord> RunAsync(
        GridRun run,
        GridSetup setup,
        int samplesPerPrompt,
        bool alone,
        IProgress<double> progress,
        CancellationToken cancellationToken
    )
    {
        var clock = Stopwatch.StartNew();
        Experiment measured = setup.At(run.Variation.Temperature ?? 1),
            experiment = Vary(measured, run.Variation, samplesPerPrompt);
        double? beta = run.Method == Method.KlConstrainedRl ? FineTuning.MatchedBeta(experiment, run.N) : null;
        var bestOfN = experiment.Table.BestOf(run.N); // too small a cache is what one study is about
        if (run.Method == Method.Guided)
            return await GuidedAsync(run, setup, clock, cancellationToken);
        var curve = new List<CurvePoint>();
        using var watch = new RunWatch();
        Recipe recipe = watch.Around(RecipeOf(run, beta, watch, setup), run.Variation.Curve is true ? AddToCurveAsync : null);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        var tuned = await AlignmentRun.RunAsync(experiment, bestOfN, recipe, progress, cancellationToken);
        double? processor = alone ? Math.Round((Environment.CpuUsage.TotalTime - before).TotalSeconds, 1) : null;
        using var model = tuned.Model;
        if (run.Variation.Curve is true && tuned.Stopped is null)
            await AddToCurveAsync(model, experiment.Settings.Steps);
        var result = await new Measurement(measured).PolicyAsync(
            run.Method,
            model,
            run.N,
            beta,
            measured.Table.BestOf(run.N),
            cancellationToken
        );
        double seconds = Math.Round(clock.Elapsed.TotalSeconds, 1);
        return new RunRecord(run, result, seconds, watch.Drawn, tuned.Stopped, RunRecord.Fingerprint(model), curve)
        {
            ProcessorSeconds = processor,
            HeadSeconds = run.NeedsHead ? setup.HeadOf(run.Variation).Seconds : null,
            Head = run.HeadOptions(experiment.Settings.Head),
            Guidance = run.GuidanceOptions(measured.Settings.Guidance),
        };

        async Task AddToCurveAsync(VariationalBoN.Transformers.Decoders.Gpt2 now, int steps)
        {
            if (steps % CurveEvery != 0)
                return;
            var report = await new Evaluator(new Scorer(measured.Reference, measured.Reward), measured.Table).EvaluateAsync(
                measured.Policy(now),
                measured.HeldOutPrompts,
                CurveCompletions,
                measured.Seed,
                cancellationToken
            );
            curve.Add(new CurvePoint(steps, watch.Drawn, report.Reward.Value, report.WinRate.Value, report.Kl.Value));
        }
    }

    /// <summary>The guided policy of the seed's one head: nothing is trained for an N.</summary>
    private static async Task<RunRecord> GuidedAsync(GridRun run, GridSetup setup, Stopwatch clock, CancellationToken cancellationToken)
    {
        Experiment plain = setup.At(1),
            measured = plain with { Settings = plain.Settings with { Guidance = run.Variation.GuidanceOptions(plain.Settings.Guidance) } };
        var result = run.Variation.Draws is int draws
            ? await GridProposals.MeasureAsync(
                measured,
                setup.HeadOf(run.Variation).Head,
                run.N,
                draws,
                run.Variation.Weighted is true,
                cancellationToken
            )
            : await new Measurement(measured).GuidedAsync(
                measured.Guided(setup.HeadOf(run.Variation).Head, RankWeight.BestOf(run.N)),
                cancellationToken
            );
        string weights = Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(setup.HeadOf(run.Variation).Head.Identity.ToJson()))
        );
        return new RunRecord(run, result, Math.Round(clock.Elapsed.TotalSeconds, 1), 0, null, weights, [])
        {
            ProcessorSeconds = 0,
            HeadSeconds = setup.HeadOf(run.Variation).Seconds,
            Head = run.HeadOptions(measured.Settings.Head),
            Guidance = run.GuidanceOptions(plain.Settings.Guidance),
        };
    }

    private static Experiment Vary(Experiment experiment, Variation variation, int samplesPerPrompt)
    {
        RunSettings settings = experiment.Settings;
        int samples = variation.Samples ?? samplesPerPrompt,
            group = variation.Group ?? settings.CompletionsPerPrompt;
        double prompts = settings.PromptsPerStep * settings.CompletionsPerPrompt * (variation.BatchFactor ?? 1) / group;
        var varied = experiment with
        {
            Table = samples < settings.SamplesPerPrompt ? experiment.Table.First(samples) : experiment.Table,
            Settings = settings with
            {
                SamplesPerPrompt = samples,
                Steps = (int)Math.Round(settings.Steps * (variation.StepsFactor ?? 1)),
                LearningRate = settings.LearningRate * (variation.RateFactor ?? 1),
                FinalRatePart = variation.FinalRate ?? settings.FinalRatePart,
                CompletionsPerPrompt = group,
                PromptsPerStep = Math.Min(experiment.TrainPrompts.Count, Grown(prompts, 2 - (variation.FirstPart ?? 1))),
                FirstPrompts = variation.FirstPart is double first ? Grown(prompts, first) : null,
                Guidance = variation.GuidanceOptions(settings.Guidance),
            },
        };
        static int Grown(double prompts, double part) => Math.Max(1, (int)Math.Round(prompts * part));

        return variation.Transform is string transform ? GridSetup.Transformed(varied, transform) : varied;
    }

    private static Recipe RecipeOf(GridRun run, double? beta, RunWatch watch, GridSetup setup)
    {
        int n = run.N;
        Func<IBoNDistribution, IVariationalObjective> exact = run.Variation.PaperScale is true
            ? bestOfN => new PaperScaleObjective(bestOfN)
            : bestOfN => new ExactObjective(bestOfN);
        Recipe recipe = run.Method switch
        {
            Method.VariationalBestOfN when run.Variation.Lambda is double lambda => Recipes.ScoreFunctionWith(
                setup.HeadOf(run.Variation).Head,
                RankWeight.BestOf(n),
                lambda
            ),
            Method.CalibratedTilt when run.Variation.Lambda is double lambda => Recipes.ScoreFunctionWith(
                setup.HeadOf(run.Variation).Head,
                RankWeight.Tilt(CalibratedTilt.ForN(n)),
                lambda
            ),
            Method.VariationalBestOfN => run.Variation.Baseline switch
            {
                "none" => GridRecipes.ScoreFunctionOn(exact, Baseline.None),
                "group mean" => GridRecipes.ScoreFunctionOn(exact, Baseline.GroupMean),
                "running mean" => GridRecipes.ScoreFunctionOn(exact, Baseline.None, new RunningMean()),
                _ => Recipes.ScoreFunctionOn(exact),
            },
            Method.LowerBound => Recipes.ScoreFunctionOn(bestOfN => new LowerBoundObjective(bestOfN)),
            Method.CalibratedTilt => Recipes.ScoreFunctionOn(CalibratedTiltObjective.ForN),
            Method.KlConstrainedRl => Recipes.ScoreFunctionOn(_ => new GibbsObjective(beta!.Value)),
            Method.BestOfNSft => run.Variation.AllSamples is true ? GridRecipes.WeightedSft(n) : Recipes.BestOfNSft(n),
            Method.WinnersSft => GridRecipes.Winners(n),
            Method.ClippedRatio => GridRecipes.Clipped(exact, epochs: 4, new ClippedRatioOptions()),
            Method.GroupNormalised => GridRecipes.Clipped(exact, epochs: 4, new ClippedRatioOptions { NormaliseByGroup = true }),
            Method.Jeffreys => GridRecipes.JeffreysMix(n, run.Variation.ReverseWeight ?? 0.5),
            Method.Regression => GridRecipes.Regression(n, centred: false, run.Variation.Clipped ?? true),
            Method.LogVariance => GridRecipes.Regression(n, centred: true, run.Variation.Clipped ?? false),
            Method.Iterated => GridRecipes.Iterated(n, run.Variation.MovingAverage is true, watch),
            Method.BonBon => GridRecipes.OnPairs(
                n,
                (best, worst, bestReference, worstReference) => PairLoss.BonBon(best, worst, bestReference, worstReference, n)
            ),
            Method.Ipo => GridRecipes.OnPairs(
                n,
                (best, worst, bestReference, worstReference) =>
                    PairLoss.Ipo(best, worst, bestReference, worstReference, 1 / (2 * PairLoss.ExpectedGap(n)))
            ),
            Method.Dpo => GridRecipes.OnPairs(
                n,
                (best, worst, bestReference, worstReference) => PairLoss.Dpo(best, worst, bestReference, worstReference, beta: 1)
            ),
            _ => throw new ArgumentOutOfRangeException(nameof(run), run.Method, "This method has no recipe."),
        };
        if (run.Variation.Distilled is double distilled)
            recipe = GridRecipes
                .Distilled(setup.HeadOf(run.Variation).Head, RankWeight.BestOf(n), run.Variation.Kept ?? 1, watch)
                .Then(recipe, distilled);
        if (run.Variation.GuidedStart is double guided)
            recipe = GridRecipes.OnGuidedDraws(setup.HeadOf(run.Variation).Head, RankWeight.BestOf(n)).Then(recipe, guided);
        return run.Variation.WarmStart is double part ? Recipes.BestOfNSft(n).Then(recipe, part) : recipe;
    }

    /// <summary>The target of the authors' published code: (1/n) log-ratio with KL times 1/(n - 1),
    /// which is pi_ref times the ratio to the power (n - 1) / n.</summary>
    private sealed class PaperScaleObjective(IBoNDistribution bestOfN) : IVariationalObjective
    {
        public ScoringIdentity? Requires => bestOfN.Origin;

        public double LogTarget(VariationalBoN.ScoredCompletion completion) =>
            completion.LogReference + ((bestOfN.N - 1) / bestOfN.N * bestOfN.LogRatio(completion));
    }
}
