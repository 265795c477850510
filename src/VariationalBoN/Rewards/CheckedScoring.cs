using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>The one way in which the library asks a reward model:
/// in batches, some at once, every answer checked. Stateless, thread-safe.</summary>
internal static class CheckedScoring
{
    /// <summary>Scores completions as the options say.</summary>
    /// <param name="model">The reward model.</param>
    /// <param name="completions">B completions.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>B entries: the reward, or null where the completion was excluded.</returns>
    /// <exception cref="RewardModelException">A reward could not be had and failures are not excluded,
    /// or none of those asked for could be had.</exception>
    public static async Task<double?[]> ScoreAsync(
        IRewardModel model,
        IReadOnlyList<Completion> completions,
        ScoringOptions options,
        CancellationToken cancellationToken
    ) => (await ScoreComponentsAsync(model, completions, options, cancellationToken).ConfigureAwait(false)).Rewards;

    /// <summary>
    /// Scores completions, with the components that the reward model reports;
    /// where <paramref name="mayBeNone"/>, also when no completion has a reward, each by a fault of its own.
    /// </summary>
    public static async Task<CheckedRewards> ScoreComponentsAsync(
        IRewardModel model,
        IReadOnlyList<Completion> completions,
        ScoringOptions options,
        CancellationToken cancellationToken,
        bool mayBeNone = false
    )
    {
        var found = new CheckedRewards(completions.Count);
        double?[] rewards = found.Rewards;
        var asked = new List<int>();
        for (int i = 0; i < rewards.Length; i++)
        {
            bool truncated = completions[i].FinishReason == FinishReason.Length;
            if (truncated && options.OnTruncated == TruncationRule.Replace)
                rewards[i] = options.TruncationValue;
            else if (!truncated || options.OnTruncated != TruncationRule.Exclude)
                asked.Add(i);
        }

        int[][] batches = [.. asked.Chunk(BatchSize(model, options))];
        var failures = new RewardModelException?[batches.Length];
        await ParallelCalls
            .ForEachAsync(
                batches.Length,
                options.MaxConcurrency,
                async (b, token) =>
                    failures[b] = await ScoreBatchAsync(model, completions, batches[b], found, options, token).ConfigureAwait(false),
                cancellationToken
            )
            .ConfigureAwait(false);

        if (
            !mayBeNone
            && asked.TrueForAll(i => rewards[i] is null)
            && Array.FindLast(failures, failure => failure is not null) is RewardModelException last
        )
            throw new RewardModelException(
                $"The reward model {model.Identity.Name} failed for each of the {asked.Count} completions it was given, so nothing is "
                    + $"left to go on with. The last failure: {last.Message}",
                last.InnerException ?? last
            );
        return found;
    }

    private static int BatchSize(IRewardModel model, ScoringOptions options) =>
        model.MaxBatchSize >= 1
            ? Math.Min(options.BatchSize, model.MaxBatchSize)
            : throw new InvalidOperationException(
                $"The reward model {model.Identity.Name} has MaxBatchSize {model.MaxBatchSize}; it must be at least 1."
            );

    private static async Task<RewardModelException?> ScoreBatchAsync(
        IRewardModel model,
        IReadOnlyList<Completion> all,
        int[] batch,
        CheckedRewards found,
        ScoringOptions options,
        CancellationToken cancellationToken
    )
    {
        List<RewardModelException> failures;
        bool isAnswered = false;
        try
        {
            RewardScores scores =
                await JudgeCall.AskAsync(model, [.. batch.Select(i => all[i])], cancellationToken).ConfigureAwait(false)
                ?? throw new InvalidOperationException("It returned null instead of a list of rewards.");
            if (scores.Count != batch.Length)
                throw new InvalidOperationException(
                    $"It returned {scores.Count} rewards for {batch.Length} completions; it must return one for each, in their order."
                );
            failures = Take(model, all, batch, scores, found, options);
            isAnswered = true;
        }
        catch (Exception e)
        {
            cancellationToken.ThrowIfCancellationRequested(); // some clients tell it by an exception of their own
            failures = [ScoringFailures.Of(model, all, batch, e.Message, options, e)];
        }

        if (failures.Count == 0)
            return null;
        RewardModelException failure = failures[^1];
        if (options.OnFailure == RewardFailure.Throw)
            throw failures[0];
        if (!isAnswered && ScoringFailures.IsOfService(failure))
            throw new RewardModelException(
                $"{failure.Message} The completions are not excluded although ScoringOptions.OnFailure is Exclude: the fault is the "
                    + $"service's and not a completion's. Repeat the same call when the service answers again.",
                failure.InnerException
            );
        if (isAnswered || batch.Length == 1)
        {
            Instruments.Excluded.Add(failures.Count);
            failures.ForEach(excluded => options.Logger?.RewardExcluded(excluded.Message, excluded));
            return failure;
        }

        foreach (int i in batch) // one by one: only those that fail are left out
        {
            cancellationToken.ThrowIfCancellationRequested();
            failure = await ScoreBatchAsync(model, all, [i], found, options, cancellationToken).ConfigureAwait(false) ?? failure;
        }

        return failure;
    }

    /// <summary>Keeps the rewards that are finite, less what a truncated completion loses; a failure for each that is not.</summary>
    private static List<RewardModelException> Take(
        IRewardModel model,
        IReadOnlyList<Completion> all,
        int[] batch,
        RewardScores scores,
        CheckedRewards found,
        ScoringOptions options
    )
    {
        found.Add(batch, scores);
        var failures = new List<RewardModelException>();
        for (int i = 0; i < batch.Length; i++)
        {
            bool lessened = all[batch[i]].FinishReason == FinishReason.Length && options.OnTruncated == TruncationRule.Subtract;
            double reward = scores[i] - (lessened ? options.TruncationValue : 0);
            string less = lessened ? FormattableString.Invariant($", less TruncationValue = {options.TruncationValue}") : "";
            if (double.IsFinite(reward))
                found.Rewards[batch[i]] = reward;
            else
                failures.Add(
                    ScoringFailures.Of(
                        model,
                        all,
                        [batch[i]],
                        FormattableString.Invariant(
                            $"It returned {scores[i]}{ScoringFailures.Culprits(scores, i)}{less}; a reward must be finite."
                        ),
                        options
                    )
                );
        }

        return failures;
    }
}
