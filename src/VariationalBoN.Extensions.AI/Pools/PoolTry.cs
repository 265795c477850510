using System.Net;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>What became of one try of a request on one server.</summary>
/// <param name="Response">The whole answer, whatever its status; null when there is none.</param>
/// <param name="Error">Why there is none; null when there is one.</param>
/// <param name="IsStopped">Whether the caller stopped it.</param>
/// <param name="Passes">Whether it came to nothing in a way that passes: it may go elsewhere, or again later.</param>
/// <param name="Why">For people, where it came to nothing.</param>
/// <param name="RetryAfter">How long the server asks to be left alone.</param>
internal sealed record PoolTry(
    HttpResponseMessage? Response,
    Exception? Error,
    bool IsStopped,
    bool Passes,
    string Why,
    TimeSpan? RetryAfter
)
{
    /// <summary>Whether a restart of the server would explain it; 429, 408 and 500 are said by one that runs.</summary>
    public bool MayHaveRestarted =>
        Response?.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or HttpStatusCode.InternalServerError);

    /// <summary>Sends a request to a server and reads the answer to its end.</summary>
    public static async Task<PoolTry> SendAsync(
        HttpMessageInvoker inner,
        PoolServer server,
        HttpRequestMessage request,
        byte[]? body,
        PoolOptions options,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(options.TryTimeout, options.TimeProvider);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        HttpResponseMessage? response = null;
        try
        {
            using HttpRequestMessage copy = Copy(request, body, server, options);
            response = await inner.SendAsync(copy, both.Token).ConfigureAwait(false);
            await response.Content.LoadIntoBufferAsync(options.MaxResponseBytes, both.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            response?.Dispose();
            bool isStopped = cancellationToken.IsCancellationRequested,
                isLate = !isStopped && limit.IsCancellationRequested;
            return new PoolTry(
                null,
                e,
                isStopped,
                Passes: !isStopped && (isLate || RetryPolicy.IsTransient(e)),
                isLate ? FormattableString.Invariant($"it did not answer within {options.TryTimeout.TotalSeconds:0.##} s") : Reason(e),
                RetryAfter: null
            );
        }

        return new PoolTry(
            response,
            null,
            IsStopped: false,
            Passes: !response.IsSuccessStatusCode && RetryPolicy.IsTransient(new HttpRequestException(null, null, response.StatusCode)),
            $"it answered {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd(),
            RetryAfterOf(response, options)
        );
    }

    /// <summary>The request for a server: what stands behind <see cref="PoolHandler.Address"/> is put behind its own.</summary>
    private static HttpRequestMessage Copy(HttpRequestMessage request, byte[]? body, PoolServer server, PoolOptions options)
    {
        var copy = new HttpRequestMessage(request.Method, new Uri(server.Address, request.RequestUri!.PathAndQuery.TrimStart('/')))
        {
            Version = request.Version,
            VersionPolicy = request.VersionPolicy,
        };
        foreach ((string name, IEnumerable<string> values) in request.Headers)
        {
            if (!name.Equals("Host", StringComparison.OrdinalIgnoreCase))
                copy.Headers.TryAddWithoutValidation(name, values);
        }

        copy.Headers.Authorization ??= options.Authorization;
        if (body is null)
            return copy;
        copy.Content = new ByteArrayContent(body);
        foreach ((string name, IEnumerable<string> values) in request.Content!.Headers)
            copy.Content.Headers.TryAddWithoutValidation(name, values);
        return copy;
    }

    private static string Reason(Exception e) =>
        e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal)
            ? $"{e.Message.TrimEnd('.')}: {inner.Message.TrimEnd('.')}"
            : e.Message.TrimEnd('.');

    private static TimeSpan? RetryAfterOf(HttpResponseMessage response, PoolOptions options) =>
        response.Headers.RetryAfter switch
        {
            { Delta: TimeSpan delta } => delta,
            { Date: DateTimeOffset date } => date - options.TimeProvider.GetUtcNow(),
            _ => null,
        };
}
