using VariationalBoN.Evaluation;
using VariationalBoN.Policies;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN;

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
    public Task<EvaluationReport> EvaluateAsync(
        IPolicy policy,
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        long seed,
        CancellationToken cancellationToken = default
    ) => EvaluateAsync(policy, prompts, completionsPerPrompt, seed, null, cancellationToken);

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
    public Task<EvaluationReport> EvaluateAsync(
        IPolicy policy,
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        long seed,
        IBoNDistribution? bestOfN,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(policy);
        return MeasureAsync(
            policy,
            new PolicyCompletionSource(policy, _scorer),
            prompts,
            completionsPerPrompt,
            seed,
            bestOfN,
            cancellationToken
        );
    }

    /// <summary>
    /// Measures a policy on completions that a source draws and scores, such as one on other machines;
    /// the policy here gives their log-probabilities.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="source">Draws from the same policy and scores as the scorer of this evaluator does.</param>
    /// <param name="prompts">At least one prompt of the table.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Fixes the draws, which are of purpose <see cref="DrawPurpose.Evaluation"/>.</param>
    /// <param name="bestOfN">What <see cref="EvaluationReport.ObjectiveGap"/> is measured to; null for none.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>The report.</returns>
    /// <exception cref="ArgumentException">There is no prompt; or the source draws from another policy, or scores by another reference,
    /// reward model or way of scoring: the message names what differs.</exception>
    /// <exception cref="InvalidOperationException">The source gave other completions than it was asked for.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    /// <exception cref="RewardModelException">A reward could not be had.</exception>
    public Task<EvaluationReport> EvaluateAsync(
        IPolicy policy,
        ICompletionSource source,
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        long seed,
        IBoNDistribution? bestOfN = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(source);
        string[] differences =
        [
            .. source.Policy.Differences(policy.Identity),
            .. source.Origin.Differences(_scorer.Origin, "the source", "the evaluator"),
        ];
        if (differences.Length > 0)
            throw new ArgumentException(
                $"The source does not draw what is to be measured: {string.Join("; ", differences)}. Give a source of the policy, scored "
                    + $"by what the evaluator was made with.",
                nameof(source)
            );
        return MeasureAsync(policy, source, prompts, completionsPerPrompt, seed, bestOfN, cancellationToken);
    }

    /// <summary>Measures answers of literal Best-of-N (<see cref="BestOfNSampler"/>),
    /// so that its row comes from the same code as all others.</summary>
    /// <remarks>KL(pi_bon || pi_ref) is the mean of log pi_bon - log pi_ref over the answers,
    /// which is exact up to the estimate of F.</remarks>
    /// <param name="answers">At least one answer, each to a prompt of the table; several answers to a prompt make one cluster.</param>
    /// <param name="bestOfN">The distribution that the answers were drawn from.</param>
    /// <returns>The report; its length is that of the answers, not of the N draws behind each.</returns>
    /// <exception cref="ArgumentException">There is no answer.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public EvaluationReport EvaluateBestOfN(IReadOnlyList<ScoredCompletion> answers, IBoNDistribution bestOfN)
    {
        ArgumentNullException.ThrowIfNull(answers);
        ArgumentNullException.ThrowIfNull(bestOfN);
        if (answers.Count == 0)
            throw new ArgumentException("There is no answer to measure; give at least one.", nameof(answers));
        ScoringIdentity.RequireMatch(bestOfN.Origin, _scorer.Origin, "the scorer");
        Prompt[] prompts = [.. answers.Select(answer => answer.Completion.Prompt).Distinct()];
        Dictionary<Prompt, int> groups = prompts.Select((prompt, i) => (prompt, i)).ToDictionary(pair => pair.prompt, pair => pair.i);
        var scored = new ScoredBatch(answers, answers.Select(answer => groups[answer.Completion.Prompt]));
        var measured = new EvaluationSums(null);
        measured.Add(scored, _table, [.. answers.Select(bestOfN.LogDensity)], null);
        return measured.ToReport();
    }

    private async Task<EvaluationReport> MeasureAsync(
        IPolicy policy,
        ICompletionSource source,
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        long seed,
        IBoNDistribution? bestOfN,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to evaluate on; give at least one.", nameof(prompts));
        Prompt[] distinct = [.. prompts.Distinct()];
        foreach (Prompt prompt in distinct)
            _ = _table[prompt];
        ScoringIdentity.RequireMatch(bestOfN?.Origin, _scorer.Origin, "the scorer");
        IStepwiseKl? stepwise = policy is IStepwiseKl able && able.CanCompareWith(_scorer.Reference) ? able : null;
        var measured = new EvaluationSums(bestOfN);
        foreach (Prompt[] batch in distinct.Chunk(Math.Max(1, CompletionsPerBatch / completionsPerPrompt)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ScoredBatch scored = await source
                .DrawAsync(batch, completionsPerPrompt, new DrawSeed(seed, DrawPurpose.Evaluation), cancellationToken)
                .ConfigureAwait(false);
            scored.RequireAsked(batch, completionsPerPrompt);
            double[] logPolicy = policy.LogProbValues(scored.Completions);
            double[]? kl = stepwise?.StepwiseKl(_scorer.Reference, scored.Completions);
            measured.Add(scored, _table, logPolicy, kl);
        }

        return measured.ToReport();
    }
}
