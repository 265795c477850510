using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace VariationalBoN.Rewards;

/// <summary>A reward model behind HTTP: completions are posted as JSON, rewards come back. The schema is in docs/remote-rewards.md.</summary>
/// <remarks>
/// It asks once: lay <see cref="RewardModelExtensions.WithRetry"/> around it. <see cref="HttpClient.Timeout"/> bounds one request, its body included, and
/// <see cref="HttpClient.MaxResponseContentBufferSize"/> an answer. Thread-safe, as <see cref="HttpClient"/> is.
/// </remarks>
public sealed class HttpRewardModel : IRewardModel
{
    private const int ShownCharacters = 200;

    private readonly HttpClient _client;
    private readonly HttpRewardModelOptions _options;
    private readonly string _address; // without user, password and query, which may be secret

    /// <summary>Creates a reward model.</summary>
    /// <param name="client">Sends the requests, with headers such as authorisation; the caller's, never disposed.</param>
    /// <param name="options">Address, identity and format.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public HttpRewardModel(HttpClient client, HttpRewardModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_client, _options) = (client, options);
        _address = options.Endpoint.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
    }

    /// <inheritdoc/>
    public ModelIdentity Identity => _options.Identity;

    /// <inheritdoc/>
    public int MaxBatchSize => _options.MaxBatchSize;

    /// <summary>Posts the completions and reads their rewards.</summary>
    /// <param name="completions">B completions, at most <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <returns>B finite rewards; named components where the service tells them.</returns>
    /// <exception cref="RemoteServiceException">There was no usable answer; the message names address, status, completion and remedy.</exception>
    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(completions);
        using var request = new HttpRequestMessage(HttpMethod.Post, _options.Endpoint) { Content = Content(completions) };
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw Refused(response, body, completions.Count);
            return Rewards(response, body, completions);
        }
        catch (HttpRequestException e)
        {
            RemoteFailure failure = RetryPolicy.FailureOf(e)!.Value;
            string remedy = failure == RemoteFailure.Unavailable ? "See whether the service runs there; WithRetry asks again." : "Mend the connection; asking again changes nothing.";
            throw new RemoteServiceException(failure, $"POST {_address} with {completions.Count} completions got no whole answer: {Reason(e)} {remedy}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RemoteServiceException(RemoteFailure.Unavailable, $"POST {_address} with {completions.Count} completions was not answered within {RetryPolicy.Seconds(_client.Timeout)}. Give HttpClient.Timeout more, or send fewer completions at once (MaxBatchSize); WithRetry asks again.", e);
        }
    }

    private ReadOnlyMemoryContent Content(IReadOnlyList<Completion> completions)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
            (_options.WriteRequest ?? HttpRewardFormat.WriteRequest)(json, completions);
        return new ReadOnlyMemoryContent(buffer.WrittenMemory) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private RewardScores Rewards(HttpResponseMessage response, byte[] body, IReadOnlyList<Completion> completions)
    {
        using JsonDocument answer = Parse(response, body, completions.Count);
        RewardScores rewards;
        try
        {
            rewards = _options.ReadAnswer is null ? HttpRewardFormat.ReadAnswer(answer.RootElement, Identity.Name) : new RewardScores(_options.ReadAnswer(answer.RootElement) ?? []);
        }
        catch (Exception e) when (e is FormatException or KeyNotFoundException or InvalidOperationException)
        {
            throw Bad(response, completions.Count, e.Message.TrimEnd('.'), e);
        }

        if (rewards.Count != completions.Count)
            throw Bad(response, completions.Count, $"it holds {rewards.Count} rewards for {completions.Count} completions; there must be one for each, in their order");
        for (int i = 0; i < rewards.Count; i++)
        {
            if (!double.IsFinite(rewards[i]))
                throw Bad(response, completions.Count, FormattableString.Invariant($"reward {i} is {rewards[i]}; it must be finite. It belongs to {CheckedScoring.Name(completions[i])}"), failure: RemoteFailure.BadReward);
        }

        return rewards;
    }

    private JsonDocument Parse(HttpResponseMessage response, byte[] body, int count)
    {
        JsonDocument? answer = null;
        try
        {
            var reader = new Utf8JsonReader(body, isFinalBlock: false, default);
            bool whole = JsonDocument.TryParseValue(ref reader, out answer);
            if (whole && Array.TrueForAll(body[(int)reader.BytesConsumed..], b => b is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
                return answer!;
            answer?.Dispose();
            throw whole
                ? Bad(response, count, $"something follows the JSON value at byte {reader.BytesConsumed}")
                : new RemoteServiceException(RemoteFailure.Unavailable, $"POST {_address} with {count} completions answered {Status(response)}, but the answer ends in the middle of its JSON, after {body.Length} bytes. WithRetry asks again.");
        }
        catch (JsonException e)
        {
            throw Bad(response, count, $"it is not JSON (NaN and Infinity are not): {e.Message.TrimEnd('.')}. It begins: {Excerpt(body)}", e);
        }
    }

    private RemoteServiceException Refused(HttpResponseMessage response, byte[] body, int count)
    {
        RemoteFailure failure = RetryPolicy.FailureOf(response.StatusCode);
        TimeSpan? retryAfter = response.Headers.RetryAfter switch
        {
            { Delta: TimeSpan delta } => delta,
            { Date: DateTimeOffset date } => TimeSpan.FromTicks(Math.Max(0, (date - DateTimeOffset.UtcNow).Ticks)),
            _ => null,
        };
        string remedy = failure switch
        {
            RemoteFailure.Rejected => "See docs/remote-rewards.md for what is sent; asking again changes nothing.",
            RemoteFailure.Misdirected => "See address and authorisation of the HttpClient; asking again changes nothing.",
            _ => "See the log of the service; WithRetry asks again.",
        };
        return new RemoteServiceException(failure, $"POST {_address} with {count} completions answered {Status(response)}: {Excerpt(body)} {remedy}", null, retryAfter);
    }

    private RemoteServiceException Bad(HttpResponseMessage response, int count, string what, Exception? inner = null, RemoteFailure failure = RemoteFailure.BadAnswer) =>
        new(failure, $"POST {_address} with {count} completions answered {Status(response)}, but the answer is not usable: {what}. See docs/remote-rewards.md for what it must be.", inner);

    private static string Status(HttpResponseMessage response) => $"{(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd();

    private static string Excerpt(byte[] body)
    {
        string text = Encoding.UTF8.GetString(body, 0, Math.Min(body.Length, ShownCharacters)).ReplaceLineEndings(" ").Trim();
        return text.Length == 0 ? "(no text)." : $"\"{text}{(body.Length > ShownCharacters ? "..." : "")}\".";
    }

    private static string Reason(HttpRequestException e) => e.InnerException is Exception inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal)
        ? $"{e.Message.TrimEnd('.')}: {inner.Message.TrimEnd('.')}."
        : $"{e.Message.TrimEnd('.')}.";
}
