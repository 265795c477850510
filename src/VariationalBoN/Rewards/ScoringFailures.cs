using System.Net.Sockets;
using Polly;
using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>What is said when a reward could not be had, and whose fault it is. Stateless, thread-safe.</summary>
internal static class ScoringFailures
{
    /// <summary>The failure of a batch: names the reward model, the first completion, what happened and the remedy.</summary>
    public static RewardModelException Of(
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

    /// <summary>Whether the service is at fault, whatever it was asked:
    /// it is away, fails inside, serves something else or answers something else.</summary>
    public static bool IsOfService(Exception failure) =>
        failure is RemoteServiceException or HttpRequestException or SocketException or TimeoutException or ExecutionRejectedException
            ? RetryPolicy.FailureOf(failure)
                is RemoteFailure.Unavailable
                    or RemoteFailure.ServerError
                    or RemoteFailure.Misdirected
                    or RemoteFailure.BadAnswer
            : RetryPolicy.Beneath(failure) is Exception inner && IsOfService(inner);

    /// <summary>The components that are no finite numbers, in brackets; empty where there is none.</summary>
    public static string Culprits(RewardScores scores, int i)
    {
        string[] culprits =
        [
            .. scores
                .Components.Where(part => !double.IsFinite(part.Value[i]))
                .Select(part => FormattableString.Invariant($"\"{Shown.Name(part.Key)}\" = {part.Value[i]}")),
        ];
        return culprits.Length == 0 ? "" : $" (component {string.Join(", ", culprits)})";
    }

    /// <summary>A completion for messages.</summary>
    public static string Name(Completion completion) =>
        $"prompt {Shown.Quoted(completion.Prompt.Canonical)}, text {Shown.Quoted(completion.Text)}";
}
