using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.Losses;
using VariationalBoN.Numerics;
using VariationalBoN.References;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.Training;

/// <summary>The code that docs/long-runs.md and docs/methods.md show, compiled. Stateless.</summary>
internal static class AccumulatedLoop
{
    public static async Task RunAsync(
        CausalTransformer model,
        IPolicy policy,
        Scorer scorer,
        EmpiricalBoNDistribution bestOfN,
        PromptOrder order,
        AdamW adam,
        long steps
    )
    {
        // snippet: accumulated
        var objective = new ExactObjective(bestOfN);
        var schedule = new LearningRateSchedule
        {
            Peak = 1e-5,
            Steps = steps,
            WarmUpSteps = 20,
            FinalPart = 0.1,
            Shape = ScheduleShape.Cosine,
        };
        using var checkpoints = new Checkpoints("run/checkpoints", new { schedule })
            .Add("adapters", model.named_parameters().Where(pair => pair.parameter.requires_grad))
            .Add("optimizer", adam);

        for (long step = checkpoints.Restore(); step < steps; step++)
        {
            var scored = await scorer.ScoreAsync(policy.Sample(order.Batch(step, 32), completionsPerPrompt: 8, seed: step));
            double[] targets = objective.LogTargets(scored);
            adam.ZeroGrad();
            var made = GradientAccumulation.Backward(
                policy,
                scored,
                completionsPerPart: 16,
                ScoreFunction.Average,
                (logProb, part) => ScoreFunction.Loss(logProb, part.Of(targets), part.Groups)
            );
            var numbers = StepMetrics.Of(bestOfN, scored, made.LogProb) with { Loss = made.Value };
            adam.SetLearningRate(schedule.At(step));
            adam.Step();
            if ((step + 1) % 100 == 0)
                checkpoints.Save(step + 1, numbers.Values());
        }
        // end snippet
    }

    public static void Sft(IPolicy policy, ReferenceTable table, IReadOnlyList<Prompt> prompts, long step)
    {
        // snippet: sft
        // 4 of each prompt, as Best-of-8 would choose them
        ScoredBatch best = table.DrawBestOf(prompts, n: 8, samplesPerPrompt: 4, seed: step);
        double[] weights = [.. best.Select(_ => 1.0 / 4)];
        GradientAccumulation.Backward(
            policy,
            best,
            completionsPerPart: 16,
            WeightedLikelihood.Average,
            (logProb, part) => WeightedLikelihood.Loss(logProb, part.Of(weights), part.Groups)
        );
        // end snippet
    }

    public static void Regression(IPolicy policy, ReferenceTable table, IReadOnlyList<Prompt> prompts, double n, long step)
    {
        // snippet: regression
        // each sample is one of the M itself
        var objective = new ClippedObjective(new ExactObjective(table.BestOf(n).LeaveOneOut()), floor: -6);
        ScoredBatch half = table.Draw(
            prompts,
            prompt => // half of them uniform, half as Best-of-n draws them
                [.. ReferenceResampling.Uniform(prompt, 2, step), .. ReferenceResampling.BestOf(prompt, n, 2, step)]
        );
        double[] targets = objective.LogTargets(half);
        GradientAccumulation.Backward(
            policy,
            half,
            completionsPerPart: 16,
            SquaredLogRatio.CentredAverage,
            (logProb, part) => SquaredLogRatio.Centred(logProb, part.Of(targets), part.Groups)
        );
        // end snippet
    }

    public static IVariationalObjective Matched(ReferenceTable table, IReadOnlyList<Prompt> prompts)
    {
        // snippet: matched
        double beta = GibbsTilt.BetaForKl(table, prompts, BestOfNMath.KlUpperBound(8)); // as far as Best-of-8 goes
        var objective = new GibbsObjective(beta);
        // end snippet
        return objective;
    }

    public static async Task<EvaluationReport> FromSourceAsync(
        IPolicy policy,
        Scorer scorer,
        ReferenceTable table,
        IReadOnlyList<Prompt> prompts,
        IReadOnlyList<Prompt> heldOut,
        long step
    )
    {
        // snippet: source
        var source = new PolicyCompletionSource(policy, scorer); // or an ICompletionSource of your own that draws elsewhere
        ScoredBatch scored = await source.DrawAsync(prompts, completionsPerPrompt: 8, seed: step);
        EvaluationReport report = await new Evaluator(scorer, table).EvaluateAsync(
            policy,
            source,
            heldOut,
            completionsPerPrompt: 16,
            seed: 1
        );
        // end snippet
        return scored.Count > 0 ? report : throw new InvalidOperationException("No completion has a reward.");
    }
}
