using SentimentControl.Reporting;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Guidance;
using VariationalBoN.References;
using VariationalBoN.Transformers.Decoders;

namespace SentimentControl.Training;

/// <summary>Measures a method on the held-out prompts. Thread-safe.</summary>
internal sealed class Measurement(Experiment experiment)
{
    private const int MostAnswers = 16;
    private readonly Scorer _scorer = new(experiment.Reference, experiment.Reward);

    /// <summary>The reference itself, on fresh draws.</summary>
    public Task<MethodResult> ReferenceAsync(CancellationToken cancellationToken) =>
        PolicyAsync(Method.Reference, experiment.ReferenceModel, null, null, null, cancellationToken);

    /// <summary>A fine-tuned model.</summary>
    /// <param name="method">How it was made.</param>
    /// <param name="model">The model.</param>
    /// <param name="n">Its N.</param>
    /// <param name="beta">Its beta.</param>
    /// <param name="bestOfN">Where it was to go, for the objective gap.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    public Task<MethodResult> PolicyAsync(
        Method method,
        Gpt2 model,
        double? n,
        double? beta,
        IBoNDistribution? bestOfN,
        CancellationToken cancellationToken
    ) => PolicyAsync(method, experiment.Policy(model), n, beta, bestOfN, cancellationToken);

    /// <summary>A policy.</summary>
    /// <param name="method">How it was made.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="n">Its N.</param>
    /// <param name="beta">Its beta.</param>
    /// <param name="bestOfN">Where it was to go, for the objective gap.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    public async Task<MethodResult> PolicyAsync(
        Method method,
        IPolicy policy,
        double? n,
        double? beta,
        IBoNDistribution? bestOfN,
        CancellationToken cancellationToken
    )
    {
        var evaluator = new Evaluator(_scorer, experiment.Table);
        var report = await evaluator.EvaluateAsync(
            policy,
            experiment.HeldOutPrompts,
            experiment.Settings.EvaluationCompletions,
            experiment.Seed,
            bestOfN,
            cancellationToken
        );
        return Row(method, report, report.Length) with { N = n, Beta = beta };
    }

    /// <summary>The reference, guided token by token.</summary>
    public Task<MethodResult> GuidedAsync(GuidedPolicy guided, CancellationToken cancellationToken) =>
        PolicyAsync(Method.Guided, guided, guided.Weight.N, null, experiment.Table.BestOf(guided.Weight.N), cancellationToken);

    /// <summary>Literal Best-of-N: N fresh reference draws per answer, the best of them kept.</summary>
    /// <param name="n">N.</param>
    /// <param name="reference">The row of the reference, whose length tells what N draws cost.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    public async Task<MethodResult> BestOfNAsync(double n, MethodResult reference, CancellationToken cancellationToken)
    {
        int answers = Math.Min(MostAnswers, experiment.Settings.EvaluationCompletions);
        Prompt[] prompts = [.. experiment.HeldOutPrompts.SelectMany(prompt => Enumerable.Repeat(prompt, answers))];
        var best = await new BestOfNSampler(experiment.Reference, experiment.Reward).SampleAsync(
            prompts,
            (int)n,
            experiment.Seed,
            cancellationToken
        );
        var report = new Evaluator(_scorer, experiment.Table).EvaluateBestOfN(best, experiment.Table.BestOf(n));
        return Row(
            Method.BestOfN,
            report,
            new Estimate(n * reference.Length.Value, n * reference.Length.StandardError, reference.Length.Count)
        ) with
        {
            N = n,
        };
    }

    private static MethodResult Row(Method method, EvaluationReport report, Estimate tokensGenerated) =>
        new()
        {
            Method = method,
            Reward = report.Reward,
            WinRate = report.WinRate,
            EffectiveN = report.EffectiveN,
            Kl = report.Kl,
            Length = report.Length,
            DistinctShare = report.DistinctShare,
            TokensGenerated = tokensGenerated,
            ObjectiveGap = report.ObjectiveGap,
            Distance = report.CurveDistance,
            CeilingDistance = report.CeilingDistance,
            OutsideRanks = report.Ranks.Outside,
        };
}
