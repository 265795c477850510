using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>Reads the answer of a reward model over HTTP, and refuses what is none. Of one answer; not thread-safe.</summary>
/// <param name="options">Format and identity.</param>
/// <param name="failures">Says what is wrong.</param>
/// <param name="response">The answer.</param>
internal sealed class HttpRewardAnswer(HttpRewardModelOptions options, HttpRewardFailures failures, HttpResponseMessage response)
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <summary>The body, or its first bytes when it has more.</summary>
    public static async Task<byte[]> ReadAsync(HttpResponseMessage response, long most, CancellationToken cancellationToken)
    {
        Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] body = new byte[Math.Min(most, 1 << 14)];
        int count = 0;
        try
        {
            for (
                int read;
                (read = await stream.ReadAsync(body.AsMemory(count), cancellationToken).ConfigureAwait(false)) > 0
                    && (count += read) < most;

            )
            {
                if (count == body.Length)
                    Array.Resize(ref body, (int)Math.Min(most, 2L * count));
            }
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException)
        {
            throw new InvalidDataException(e.Message, e); // what Brotli says, where the others say this
        }

        return count == body.Length ? body : body[..count];
    }

    /// <summary>One finite reward for each completion.</summary>
    /// <exception cref="RemoteServiceException">The body holds something else.</exception>
    public RewardScores Rewards(byte[] body, IReadOnlyList<Completion> completions)
    {
        using JsonDocument answer = Parse(body);
        RewardScores rewards;
        try
        {
            rewards = options.ReadAnswer is null
                ? HttpRewardFormat.ReadAnswer(answer.RootElement, options.Identity.Name, failures.Secrets.Hide)
                : new RewardScores(options.ReadAnswer(answer.RootElement) ?? []);
        }
        catch (Exception e) when (e is FormatException or KeyNotFoundException or InvalidOperationException)
        {
            string said = Shown.Reason(failures.Secrets.Hide(e.Message));
            throw failures.Bad(response, said.TrimEnd('.'), said == e.Message ? e : null); // an exception within another is shown with it
        }

        if (rewards.Count != completions.Count)
            throw failures.Bad(
                response,
                $"it holds {rewards.Count} rewards for {completions.Count} completions; there must be one for each, in " + "their order"
            );
        for (int i = 0; i < rewards.Count; i++)
        {
            if (!double.IsFinite(rewards[i]))
                throw failures.Bad(
                    response,
                    FormattableString.Invariant(
                        $"reward {i} is {rewards[i]}; it must be finite. It belongs to {ScoringFailures.Name(completions[i])}"
                    ),
                    failure: RemoteFailure.BadReward
                );
        }

        return rewards;
    }

    private JsonDocument Parse(byte[] body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, isFinalBlock: false, default);
            if (!reader.Read() || !reader.TrySkip())
                throw failures.Cut(response, body.Length);
            if (body.AsSpan((int)reader.BytesConsumed).ContainsAnyExcept(" \n\r\t"u8))
                throw failures.Bad(response, $"something follows the JSON value at byte {reader.BytesConsumed}");
        }
        catch (JsonException e)
        {
            throw failures.Bad(
                response,
                $"it is not JSON (NaN and Infinity are not): {Shown.Reason(failures.Secrets.Hide(e.Message)).TrimEnd('.')}. "
                    + $"It begins: {failures.Secrets.Excerpt(body)}"
            );
        }

        try
        {
            return JsonDocument.Parse(body, s_strict);
        }
        // the message shows the beginning of the name, which may be that of a secret
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw failures.Bad(
                response,
                "a name stands twice in an object of it, so that one of the two would be passed over, or has half of a surrogate pair"
            );
        }
    }
}
