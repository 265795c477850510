using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>A reward model behind HTTP: completions are posted as JSON, rewards come back.</summary>
/// <remarks>
/// A POST of <c>{"completions": [{"prompt": "...", "text": "...", "finishReason": "stopped"}]}</c>, where <c>finishReason</c> is
/// <c>stopped</c> or <c>length</c>, is answered by <c>{"rewards": [0.25]}</c>, one finite number a completion in their order, and beside
/// it, optionally, <c>"model"</c>, the name that <see cref="HttpRewardModelOptions.Identity"/> must have, and <c>"components"</c>, named
/// lists of numbers. It asks once: lay <see cref="RewardModelExtensions.WithRetry"/> around it. <see cref="HttpClient.Timeout"/> bounds one
/// request, its body included. Of an answer at most 1 MiB and 64 KiB more for each completion are read, decompressed, and fewer where
/// <see cref="HttpClient.MaxResponseContentBufferSize"/> says so. Answers from another address than the endpoint are refused: give the
/// client a handler without automatic redirection, so that completions and headers are not sent there either. Thread-safe, as
/// <see cref="HttpClient"/> is.
/// </remarks>
public sealed class HttpRewardModel : IRewardModel
{
    private const long BytesAlways = 1 << 20,
        BytesPerCompletion = 1 << 16,
        BytesOfError = 1 << 12;
    private const string Elsewhere =
        "The service redirects, or a handler of the HttpClient changes the address: give the address it makes as Endpoint.";
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

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
        _address = Secrets.WithoutThem(options.Endpoint);
    }

    /// <inheritdoc/>
    public ModelIdentity Identity => _options.Identity;

    /// <inheritdoc/>
    public int MaxBatchSize => _options.MaxBatchSize;

    /// <summary>Posts the completions and reads their rewards.</summary>
    /// <param name="completions">B completions, at most <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <returns>B finite rewards; named components where the service tells them.</returns>
    /// <exception cref="RemoteServiceException">There was no usable answer; the message names address, status, completion and
    /// remedy.</exception>
    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(completions);
        using var request = new HttpRequestMessage(HttpMethod.Post, _options.Endpoint) { Content = Content(completions) };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (_client.Timeout != Timeout.InfiniteTimeSpan)
            limit.CancelAfter(_client.Timeout);
        string[] given = Secrets.ValuesOf(_client.DefaultRequestHeaders);
        try
        {
            using HttpResponseMessage response = await SendAsync(request, completions.Count, given, limit.Token).ConfigureAwait(false);
            var secrets = new Secrets(request, given, _options.Endpoint);
            string status = secrets.Hide($"{(int)response.StatusCode} {response.ReasonPhrase}").TrimEnd();
            var answer = new Answer(completions.Count, Shown.Text(status), secrets);
            RequireFromEndpoint(response, answer);
            long most = response.IsSuccessStatusCode ? BytesAlways + (BytesPerCompletion * completions.Count) : BytesOfError;
            most = Math.Min(most, Math.Min(_client.MaxResponseContentBufferSize, Array.MaxLength - 1));
            byte[] body = await ReadAsync(response, most + 1, limit.Token).ConfigureAwait(false);
            return !response.IsSuccessStatusCode ? throw Refused(response, body, answer)
                : body.Length > most ? throw Bad(answer, $"it is longer than {most} bytes")
                : Rewards(body, completions, answer);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            bool isElsewhere = !IsOfEndpoint(request); // the client has followed a redirection
            RemoteFailure failure = isElsewhere ? RemoteFailure.Misdirected : RetryPolicy.FailureOf(e)!.Value;
            string remedy =
                isElsewhere ? Elsewhere + " Asking again changes nothing."
                : failure == RemoteFailure.Unavailable ? "See whether the service runs there; WithRetry asks again."
                : "Mend the connection; asking again changes nothing.";
            throw Failed(failure, completions.Count, "got no whole answer", e, remedy, new Secrets(request, given, _options.Endpoint));
        }
        catch (InvalidDataException e)
        {
            throw Failed(
                RemoteFailure.BadAnswer,
                completions.Count,
                "got an answer that cannot be decompressed",
                e,
                "Mend the service, or what lies between.",
                new Secrets(request, given, _options.Endpoint)
            );
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new RemoteServiceException(
                RemoteFailure.Unavailable,
                $"POST {_address} with {completions.Count} completions was not "
                    + $"answered within {RetryPolicy.Seconds(_client.Timeout)}. Give HttpClient.Timeout more, or send fewer completions at "
                    + "once (MaxBatchSize); WithRetry asks again.",
                e
            );
        }
        catch (OperationCanceledException e)
        {
            throw new OperationCanceledException(e.Message, e, cancellationToken); // with the caller's token, not that of the limit
        }
    }

    private ReadOnlyMemoryContent Content(IReadOnlyList<Completion> completions)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
            (_options.WriteRequest ?? HttpRewardFormat.WriteRequest)(json, completions);
        return new ReadOnlyMemoryContent(buffer.WrittenMemory) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request,
        int count,
        string[] given,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (HttpRequestException or IOException or InvalidDataException or OperationCanceledException))
        {
            RemoteFailure failure = RetryPolicy.FailureOf(e) ?? RemoteFailure.Misdirected; // of a handler, or of the client itself
            string remedy =
                failure == RemoteFailure.Misdirected
                    ? "Set Endpoint to where the service is, or see the HttpClient and its handlers; asking again changes nothing."
                    : "See the handlers of the HttpClient; WithRetry asks again.";
            throw Failed(
                failure,
                count,
                "could not be sent, or was sent on to an address that the client cannot ask",
                e,
                remedy,
                new Secrets(request, given, _options.Endpoint)
            );
        }
    }

    /// <summary>An exception within another is shown with it, so that one that holds a secret is left out.</summary>
    private RemoteServiceException Failed(RemoteFailure failure, int count, string what, Exception e, string remedy, Secrets secrets) =>
        new(
            failure,
            $"POST {_address} with {count} completions {what}: {secrets.Hide(Reason(e))} {remedy}",
            e.ToString() is string whole && secrets.Hide(whole) == whole ? e : null
        );

    /// <summary>Refuses what another address has answered, or what is the answer to another request: the client has followed a
    /// redirection.</summary>
    private void RequireFromEndpoint(HttpResponseMessage response, Answer answer)
    {
        if (response.RequestMessage is not { RequestUri: Uri from } asked || IsOfEndpoint(asked))
            return;
        throw new RemoteServiceException(
            RemoteFailure.Misdirected,
            $"POST {_address} with {answer.Count} completions was answered "
                + $"{answer.Status} by {asked.Method} {Shown.Name(answer.Secrets.Hide(Secrets.WithoutThem(from)))}, "
                + $"and rewards from elsewhere are not taken. {Elsewhere} A handler with AllowAutoRedirect = false sends completions and "
                + $"headers "
                + "nowhere else."
        );
    }

    private bool IsOfEndpoint(HttpRequestMessage asked) => asked.Method == HttpMethod.Post && asked.RequestUri == _options.Endpoint;

    /// <summary>The body, or its first bytes when it has more.</summary>
    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, long most, CancellationToken cancellationToken)
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

    private RewardScores Rewards(byte[] body, IReadOnlyList<Completion> completions, Answer about)
    {
        using JsonDocument answer = Parse(body, about);
        RewardScores rewards;
        try
        {
            rewards = _options.ReadAnswer is null
                ? HttpRewardFormat.ReadAnswer(answer.RootElement, Identity.Name, about.Secrets.Hide)
                : new RewardScores(_options.ReadAnswer(answer.RootElement) ?? []);
        }
        catch (Exception e) when (e is FormatException or KeyNotFoundException or InvalidOperationException)
        {
            string said = Shown.Reason(about.Secrets.Hide(e.Message));
            throw Bad(about, said.TrimEnd('.'), said == e.Message ? e : null); // an exception within another is shown with it
        }

        if (rewards.Count != completions.Count)
            throw Bad(
                about,
                $"it holds {rewards.Count} rewards for {completions.Count} completions; there must be one for each, in " + "their order"
            );
        for (int i = 0; i < rewards.Count; i++)
        {
            if (!double.IsFinite(rewards[i]))
                throw Bad(
                    about,
                    FormattableString.Invariant(
                        $"reward {i} is {rewards[i]}; it must be finite. It belongs to {CheckedScoring.Name(completions[i])}"
                    ),
                    failure: RemoteFailure.BadReward
                );
        }

        return rewards;
    }

    private JsonDocument Parse(byte[] body, Answer about)
    {
        try
        {
            var reader = new Utf8JsonReader(body, isFinalBlock: false, default);
            if (!reader.Read() || !reader.TrySkip())
                throw new RemoteServiceException(
                    RemoteFailure.Unavailable,
                    $"POST {_address} with {about.Count} completions answered "
                        + $"{about.Status}, but the answer ends in the middle of its JSON, after {body.Length} bytes. WithRetry asks again."
                );
            if (body.AsSpan((int)reader.BytesConsumed).ContainsAnyExcept(" \n\r\t"u8))
                throw Bad(about, $"something follows the JSON value at byte {reader.BytesConsumed}");
        }
        catch (JsonException e)
        {
            throw Bad(
                about,
                $"it is not JSON (NaN and Infinity are not): {Shown.Reason(about.Secrets.Hide(e.Message)).TrimEnd('.')}. "
                    + $"It begins: {about.Secrets.Excerpt(body)}"
            );
        }

        try
        {
            return JsonDocument.Parse(body, s_strict);
        }
        // the message shows the beginning of the name, which may be that of a secret
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Bad(
                about,
                "a name stands twice in an object of it, so that one of the two would be passed over, or has half of a surrogate pair"
            );
        }
    }

    private RemoteServiceException Refused(HttpResponseMessage response, byte[] body, Answer about)
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
            RemoteFailure.Misdirected when (int)response.StatusCode is >= 300 and < 400 =>
                "The service redirects: set Endpoint to where it is; asking again changes nothing.",
            RemoteFailure.Misdirected => "See address and authorisation of the HttpClient; asking again changes nothing.",
            _ => "See the log of the service; WithRetry asks again.",
        };
        return new RemoteServiceException(
            failure,
            $"POST {_address} with {about.Count} completions answered {about.Status}: " + $"{about.Secrets.Excerpt(body)} {remedy}",
            null,
            retryAfter
        );
    }

    private RemoteServiceException Bad(
        Answer about,
        string what,
        Exception? inner = null,
        RemoteFailure failure = RemoteFailure.BadAnswer
    ) =>
        new(
            failure,
            $"POST {_address} with {about.Count} completions answered {about.Status}, but the answer is not usable: {what}. "
                + "See docs/remote-rewards.md for what it must be.",
            inner
        );

    private static string Reason(Exception e) =>
        Shown.Reason(
            e.InnerException is Exception inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal)
                ? $"{e.Message.TrimEnd('.')}: {inner.Message.TrimEnd('.')}."
                : $"{e.Message.TrimEnd('.')}."
        );

    /// <summary>What messages about an answer need.</summary>
    private sealed record Answer(int Count, string Status, Secrets Secrets);
}
