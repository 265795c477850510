namespace VariationalBoN.Rewards;

/// <summary>The one way in which the library asks a reward model: in batches, every answer checked. Stateless, thread-safe.</summary>
internal static class CheckedScoring
{
    private const int ShownCharacters = 60;

    /// <summary>Scores completions as the options say.</summary>
    /// <param name="model">The reward model.</param>
    /// <param name="completions">B completions.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>B entries: the reward, or null where the completion was excluded.</returns>
    /// <exception cref="RewardModelException">A reward could not be had and failures are not excluded, or none of those asked for could be had.</exception>
    public static async Task<double?[]> ScoreAsync(IRewardModel model, IReadOnlyList<Completion> completions, ScoringOptions options, CancellationToken cancellationToken)
    {
        double?[] rewards = new double?[completions.Count];
        var asked = new List<int>();
        for (int i = 0; i < rewards.Length; i++)
        {
            bool truncated = completions[i].FinishReason == FinishReason.Length;
            if (truncated && options.OnTruncated == TruncationRule.Replace)
                rewards[i] = options.TruncationValue;
            else if (!truncated || options.OnTruncated != TruncationRule.Exclude)
                asked.Add(i);
        }

        RewardModelException? failure = null;
        foreach (int[] batch in asked.Chunk(options.BatchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            failure = await ScoreBatchAsync(model, completions, batch, rewards, options, cancellationToken).ConfigureAwait(false) ?? failure;
        }

        if (failure is not null && asked.TrueForAll(i => rewards[i] is null))
            throw new RewardModelException($"The reward model {model.Identity} failed for each of the {asked.Count} completions it was given, so nothing is left to go on with. The last failure: {failure.Message}", failure.InnerException ?? failure);
        foreach (int i in asked)
        {
            if (completions[i].FinishReason == FinishReason.Length && options.OnTruncated == TruncationRule.Subtract)
                rewards[i] -= options.TruncationValue;
        }

        return rewards;
    }

    private static async Task<RewardModelException?> ScoreBatchAsync(IRewardModel model, IReadOnlyList<Completion> all, int[] batch, double?[] rewards, ScoringOptions options, CancellationToken cancellationToken)
    {
        RewardModelException? failure;
        try
        {
            IReadOnlyList<double> scores = await model.ScoreAsync([.. batch.Select(i => all[i])], cancellationToken).ConfigureAwait(false)
                ?? throw new InvalidOperationException("It returned null instead of a list of rewards.");
            if (scores.Count != batch.Length)
                throw new InvalidOperationException($"It returned {scores.Count} rewards for {batch.Length} completions; it must return one for each, in their order.");
            failure = Take(model, all, batch, scores, rewards);
            if (failure is null || options.OnFailure == RewardFailure.Exclude)
                return failure;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            failure = Failure(model, all, batch, e.Message, e);
        }

        if (options.OnFailure == RewardFailure.Throw)
            throw failure;
        if (batch.Length == 1)
            return failure;
        foreach (int i in batch) // one by one: only those that fail are left out
        {
            cancellationToken.ThrowIfCancellationRequested();
            failure = await ScoreBatchAsync(model, all, [i], rewards, options, cancellationToken).ConfigureAwait(false) ?? failure;
        }

        return failure;
    }

    private static RewardModelException? Take(IRewardModel model, IReadOnlyList<Completion> all, int[] batch, IReadOnlyList<double> scores, double?[] rewards)
    {
        RewardModelException? first = null;
        for (int i = 0; i < batch.Length; i++)
        {
            if (double.IsFinite(scores[i]))
                rewards[batch[i]] = scores[i];
            else
                first ??= Failure(model, all, [batch[i]], FormattableString.Invariant($"It returned {scores[i]}; a reward must be finite."), null);
        }

        return first;
    }

    private static RewardModelException Failure(IRewardModel model, IReadOnlyList<Completion> all, int[] batch, string what, Exception? inner)
    {
        Completion first = all[batch[0]];
        string which = batch.Length == 1 ? $"completion {batch[0]}" : $"a batch of {batch.Length} completions, the first of which is completion {batch[0]}";
        return new RewardModelException($"The reward model {model.Identity} failed for {which} (prompt \"{Shorten(first.Prompt)}\", text \"{Shorten(first.Text)}\"): {what} Mend the reward model, or set ScoringOptions.OnFailure to Exclude to leave such completions out, counted.", inner);
    }

    private static string Shorten(string text) => text.Length <= ShownCharacters ? text : string.Concat(text.AsSpan(0, ShownCharacters), "...");
}
