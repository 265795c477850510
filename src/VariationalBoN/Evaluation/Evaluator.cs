using VariationalBoN.BestOfN;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.Evaluation;

/// <summary>Measures policies on prompts of a reference table. As thread-safe as policies, reference and reward model.</summary>
public sealed class Evaluator
{
    private const int CompletionsPerBatch = 4096;

    private readonly Scorer _scorer;
    private readonly ReferenceTable _table;

    /// <summary>Creates an evaluator.</summary>
    /// <param name="scorer">Scores the completions.</param>
    /// <param name="table">Reference rewards of the prompts, made with the same reference, reward model and scoring.</param>
    /// <exception cref="InvalidOperationException">The table was made with something else; the message names it.</exception>
    public Evaluator(Scorer scorer, ReferenceTable table)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(table);
        table.RequireMatch(scorer);
        (_scorer, _table) = (scorer, table);
    }

    /// <summary>Draws completions of held-out prompts and measures them.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="prompts">At least one prompt of the table.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Fixes the draws, which are of purpose <see cref="DrawPurpose.Evaluation"/>.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The report.</returns>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    public Task<EvaluationReport> EvaluateAsync(IPolicy policy, IReadOnlyList<string> prompts, int completionsPerPrompt, long seed, CancellationToken cancellationToken = default) =>
        EvaluateAsync(policy, prompts, completionsPerPrompt, seed, null, cancellationToken);

    /// <summary>Draws completions of held-out prompts and measures them, also against a Best-of-N distribution.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="prompts">At least one prompt of the table.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Fixes the draws, which are of purpose <see cref="DrawPurpose.Evaluation"/>.</param>
    /// <param name="bestOfN">What <see cref="EvaluationReport.ObjectiveGap"/> is measured to; null for none.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The report.</returns>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    public async Task<EvaluationReport> EvaluateAsync(IPolicy policy, IReadOnlyList<string> prompts, int completionsPerPrompt, long seed, IBoNDistribution? bestOfN, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to evaluate on; give at least one.", nameof(prompts));
        string[] distinct = [.. prompts.Distinct(StringComparer.Ordinal)];
        foreach (string prompt in distinct)
            _ = _table[prompt];
        IStepwiseKl? stepwise = policy is IStepwiseKl able && able.CanCompareWith(_scorer.Reference) ? able : null;
        var measured = new EvaluationSums(bestOfN, stepwise is null ? KlEstimator.LogRatio : KlEstimator.Stepwise);
        foreach (string[] batch in distinct.Chunk(Math.Max(1, CompletionsPerBatch / completionsPerPrompt)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            IReadOnlyList<Completion> drawn = policy.Sample(batch, completionsPerPrompt, new DrawSeed(seed, DrawPurpose.Evaluation), cancellationToken);
            ScoredBatch scored = await _scorer.ScoreAsync(drawn, cancellationToken).ConfigureAwait(false);
            double[] logPolicy = policy.LogProbValues(scored.Completions);
            double[]? kl = stepwise?.StepwiseKl(_scorer.Reference, scored.Completions);
            measured.Add(scored, _table, logPolicy, kl);
        }

        return measured.ToReport();
    }
}
