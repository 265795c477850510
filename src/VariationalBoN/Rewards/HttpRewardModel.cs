using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;

namespace VariationalBoN.Rewards;

/// <summary>A reward model behind HTTP: completions are posted as JSON, rewards come back.</summary>
/// <remarks>
/// A POST of <c>{"completions": [{"prompt": "...", "text": "...", "finishReason": "stopped"}]}</c>, where <c>finishReason</c>
/// is <c>stopped</c> or <c>length</c>, is answered by <c>{"rewards": [0.25]}</c>, one finite number a completion in their
/// order, and beside it, optionally, <c>"model"</c>, the name that <see cref="HttpRewardModelOptions.Identity"/> must have,
/// and <c>"components"</c>, named lists of numbers. It asks once: wrap it with <see cref="RewardModelExtensions.WithRetry"/>.
/// <see cref="HttpClient.Timeout"/> bounds one request, its body included. Of an answer at most 1 MiB and 64 KiB more for
/// each completion are read, decompressed, and fewer where <see cref="HttpClient.MaxResponseContentBufferSize"/> says so.
/// Answers from another address than the endpoint are refused: give the client a handler without automatic redirection, so
/// that completions and headers are not sent there either. Thread-safe, as <see cref="HttpClient"/> is.
/// </remarks>
public sealed class HttpRewardModel : IRewardModel
{
    private const long BytesAlways = 1 << 20,
        BytesPerCompletion = 1 << 16,
        BytesOfError = 1 << 12;

    private readonly HttpClient _client;
    private readonly HttpRewardModelOptions _options;

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
    }

    /// <inheritdoc/>
    public ModelIdentity Identity => _options.Identity;

    /// <inheritdoc/>
    public int MaxBatchSize => _options.MaxBatchSize;

    /// <summary>Posts the completions and reads their rewards.</summary>
    /// <param name="completions">B completions, at most <see cref="MaxBatchSize"/>.</param>
    /// <param name="cancellationToken">Stops the request.</param>
    /// <returns>B finite rewards; named components where the service gives them.</returns>
    /// <exception cref="RemoteServiceException">There was no usable answer;
    /// the message names address, status, completion and remedy.</exception>
    public async Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(completions);
        using var request = new HttpRequestMessage(HttpMethod.Post, _options.Endpoint) { Content = Content(completions) };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (_client.Timeout != Timeout.InfiniteTimeSpan)
            limit.CancelAfter(_client.Timeout);
        var failures = new HttpRewardFailures(
            _options.Endpoint,
            request,
            Secrets.ValuesOf(_client.DefaultRequestHeaders),
            completions.Count
        );
        try
        {
            using HttpResponseMessage response = await SendAsync(request, failures, limit.Token).ConfigureAwait(false);
            failures.RequireFromEndpoint(response);
            long most = response.IsSuccessStatusCode ? BytesAlways + (BytesPerCompletion * completions.Count) : BytesOfError;
            most = Math.Min(most, Math.Min(_client.MaxResponseContentBufferSize, Array.MaxLength - 1));
            byte[] body = await HttpRewardAnswer.ReadAsync(response, most + 1, limit.Token).ConfigureAwait(false);
            return !response.IsSuccessStatusCode ? throw failures.Refused(response, body)
                : body.Length > most ? throw failures.Bad(response, $"it is longer than {most} bytes")
                : new HttpRewardAnswer(_options, failures, response).Rewards(body, completions);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw failures.Broken(e);
        }
        catch (InvalidDataException e)
        {
            throw failures.Of(
                RemoteFailure.BadAnswer,
                "got an answer that cannot be decompressed",
                e,
                "Mend the service, or what lies between."
            );
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw failures.Late(_client.Timeout, e);
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
        HttpRewardFailures failures,
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
            throw failures.Of(failure, "could not be sent, or was sent on to an address that the client cannot ask", e, remedy);
        }
    }
}
