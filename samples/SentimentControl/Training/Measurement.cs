using SentimentControl.Reporting;
using VariationalBoN.BestOfN;
using VariationalBoN.Evaluation;
using VariationalBoN.Models;

namespace SentimentControl.Training;

/// <summary>Measures a method on the held-out prompts. Thread-safe.</summary>
internal sealed class Measurement(Experiment experiment)
{
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
    public async Task<MethodResult> PolicyAsync(Method method, Gpt2 model, double? n, double? beta, IBoNDistribution? bestOfN, CancellationToken cancellationToken)
    {
        var evaluator = new Evaluator(_scorer, experiment.Table);
        var report = await evaluator.EvaluateAsync(experiment.Policy(model), experiment.HeldOutPrompts, experiment.Settings.EvaluationCompletions, experiment.Seed, bestOfN, cancellationToken);
        return new MethodResult
        {
            Method = method,
            N = n,
            Beta = beta,
            Reward = report.Reward,
            WinRate = report.WinRate,
            EffectiveN = report.EffectiveN,
            Kl = report.Kl,
            Length = report.Length,
            DistinctShare = report.DistinctShare,
            TokensGenerated = report.Length,
            ObjectiveGap = report.ObjectiveGap,
        };
    }
}
