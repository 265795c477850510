using System.Diagnostics;
using System.Net.Sockets;
using Polly;
using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>The one way in which the library asks a reward model: in batches, some at once, every answer checked. Stateless,
/// thread-safe.</summary>
internal static class CheckedScoring
{
    /// <summary>Scores completions as the options say.</summary>
    /// <param name="model">The reward model.</param>
    /// <param name="completions">B completions.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>B entries: the reward, or null where the completion was excluded.</returns>
    /// <exception cref="RewardModelException">A reward could not be had and failures are not excluded, or none of those asked for could be
    /// had.</exception>
    public static async Task<double?[]> ScoreAsync(
        IRewardModel model,
        IReadOnlyList<Completion> completions,
        ScoringOptions options,
        CancellationToken cancellationToken
    ) => (await ScoreComponentsAsync(model, completions, options, cancellationToken).ConfigureAwait(false)).Rewards;

    /// <summary>The same with the components that the reward model reports; where <paramref name="mayBeNone"/>, also when no completion has
    /// a reward, each by a fault of its own.</summary>
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
        await ForEachAsync(
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

    /// <summary>A completion for messages.</summary>
    internal static string Name(Completion completion) =>
        $"prompt {Shown.Quoted(completion.Prompt.Canonical)}, text {Shown.Quoted(completion.Text)}";

    private static int BatchSize(IRewardModel model, ScoringOptions options) =>
        model.MaxBatchSize >= 1
            ? Math.Min(options.BatchSize, model.MaxBatchSize)
            : throw new InvalidOperationException(
                $"The reward model {model.Identity.Name} has MaxBatchSize {model.MaxBatchSize}; it must be at least 1."
            );

    /// <summary>One after another on the caller's thread, or so many at once; the first failure stops the others.</summary>
    private static async Task ForEachAsync(
        int count,
        int maxConcurrency,
        Func<int, CancellationToken, Task> action,
        CancellationToken cancellationToken
    )
    {
        if (maxConcurrency == 1 || count <= 1)
        {
            for (int i = 0; i < count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await action(i, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = maxConcurrency, CancellationToken = cancellationToken };
            await Parallel
                .ForAsync(0, count, parallel, async (i, token) => await action(i, token).ConfigureAwait(false))
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // with the caller's token, not that of the loop
            throw;
        }
    }

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
                await AskAsync(model, [.. batch.Select(i => all[i])], cancellationToken).ConfigureAwait(false)
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
            failures = [Failure(model, all, batch, e.Message, options, e)];
        }

        if (failures.Count == 0)
            return null;
        RewardModelException failure = failures[^1];
        if (options.OnFailure == RewardFailure.Throw)
            throw failures[0];
        if (!isAnswered && IsOfService(failure))
            throw new RewardModelException(
                $"{failure.Message} It is not left out although ScoringOptions.OnFailure is Exclude: the fault is the service's and not a "
                    + $"completion's. Repeat the same call when the service answers again.",
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

    /// <summary>One call of the reward model, seen from outside as a span and a duration.</summary>
    private static async Task<RewardScores> AskAsync(IRewardModel model, Completion[] completions, CancellationToken cancellationToken)
    {
        if (!Instruments.JudgeDuration.Enabled && !Instruments.Source.HasListeners())
            return await model.ScoreAsync(completions, cancellationToken).ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        var judge = KeyValuePair.Create<string, object?>("variationalbon.judge.name", model.Identity.Name);
        string? error = null;
        using Activity? span = Instruments
            .Source.StartActivity("judge")
            ?.SetTag(judge.Key, judge.Value)
            .SetTag("variationalbon.completions", completions.Length);
        try
        {
            return await model.ScoreAsync(completions, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            error = e.GetType().FullName;
            span.Fail(e);
            throw;
        }
        finally
        {
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (error is null)
                Instruments.JudgeDuration.Record(seconds, judge);
            else
                Instruments.JudgeDuration.Record(seconds, judge, KeyValuePair.Create<string, object?>("error.type", error));
        }
    }

    /// <summary>Whether the service is at fault, whatever it was asked: it is away, fails inside, serves something else or answers
    /// something else.</summary>
    private static bool IsOfService(Exception failure) =>
        failure is RemoteServiceException or HttpRequestException or SocketException or TimeoutException or ExecutionRejectedException
            ? RetryPolicy.FailureOf(failure)
                is RemoteFailure.Unavailable
                    or RemoteFailure.ServerError
                    or RemoteFailure.Misdirected
                    or RemoteFailure.BadAnswer
            : RetryPolicy.Beneath(failure) is Exception inner && IsOfService(inner);

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
                    Failure(
                        model,
                        all,
                        [batch[i]],
                        FormattableString.Invariant($"It returned {scores[i]}{Culprits(scores, i)}{less}; a reward must be finite."),
                        options
                    )
                );
        }

        return failures;
    }

    private static string Culprits(RewardScores scores, int i)
    {
        string[] culprits =
        [
            .. scores
                .Components.Where(part => !double.IsFinite(part.Value[i]))
                .Select(part => FormattableString.Invariant($"\"{Shown.Name(part.Key)}\" = {part.Value[i]}")),
        ];
        return culprits.Length == 0 ? "" : $" (component {string.Join(", ", culprits)})";
    }

    private static RewardModelException Failure(
        IRewardModel model,
        IReadOnlyList<Completion> all,
        int[] batch,
        string what,
        ScoringOptions options,
        Exception? inner = null
    )
    {
        string which =
            batch.Length == 1
                ? $"completion {batch[0]}"
                : $"a batch of {batch.Length} completions, the first of which is completion {batch[0]}";
        string remedy =
            options.OnFailure == RewardFailure.Throw
                ? " Mend the reward model, or set ScoringOptions.OnFailure to Exclude to leave such completions out, counted."
                : "";
        return new RewardModelException(
            $"The reward model {model.Identity.Name} failed for {which} ({Name(all[batch[0]])}): {what}{remedy}",
            inner
        );
    }
}
