using VariationalBoN.Internal;

namespace VariationalBoN.Rewards;

/// <summary>What is said when a request to a reward model over HTTP fails, without secrets. Of one request; not thread-safe.</summary>
/// <param name="endpoint">Where it was sent.</param>
/// <param name="request">The request, as the client leaves it.</param>
/// <param name="given">The values of the client's own headers, which may be secret.</param>
/// <param name="count">How many completions it has.</param>
internal sealed class HttpRewardFailures(Uri endpoint, HttpRequestMessage request, string[] given, int count)
{
    private const string Elsewhere =
        "The service redirects, or a handler of the HttpClient changes the address: give the address it makes as Endpoint.";

    /// <summary>What must not be shown, of the request as handlers have left it by now.</summary>
    public Secrets Secrets => new(request, given, endpoint);

    private string Post => $"POST {Secrets.WithoutThem(endpoint)} with {count} completions";

    /// <summary>A failure by an exception. One within another is shown with it, so that one that holds a secret is left out.</summary>
    public RemoteServiceException Of(RemoteFailure failure, string what, Exception e, string remedy)
    {
        Secrets secrets = Secrets;
        return new(
            failure,
            $"{Post} {what}: {secrets.Hide(Reason(e))} {remedy}",
            e.ToString() is string whole && secrets.Hide(whole) == whole ? e : null
        );
    }

    /// <summary>There was no whole answer.</summary>
    public RemoteServiceException Broken(Exception e)
    {
        bool isElsewhere = !IsOfEndpoint(request); // the client has followed a redirection
        RemoteFailure failure = isElsewhere ? RemoteFailure.Misdirected : RetryPolicy.FailureOf(e)!.Value;
        string remedy =
            isElsewhere ? Elsewhere + " Asking again changes nothing."
            : failure == RemoteFailure.Unavailable ? "See whether the service runs there; WithRetry asks again."
            : "Mend the connection; asking again changes nothing.";
        return Of(failure, "got no whole answer", e, remedy);
    }

    /// <summary>There was none in time.</summary>
    public RemoteServiceException Late(TimeSpan timeout, Exception e) =>
        new(
            RemoteFailure.Unavailable,
            $"{Post} was not answered within {RetryPolicy.Seconds(timeout)}. Give HttpClient.Timeout more, or send fewer completions at "
                + $"once "
                + "(MaxBatchSize); WithRetry asks again.",
            e
        );

    /// <summary>The service says no.</summary>
    public RemoteServiceException Refused(HttpResponseMessage response, byte[] body)
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
            RemoteFailure.Rejected => "See docs/remote-rewards.md in the repository for what is sent; asking again changes nothing.",
            RemoteFailure.Misdirected when (int)response.StatusCode is >= 300 and < 400 =>
                "The service redirects: set Endpoint to the address it redirects to; asking again changes nothing.",
            RemoteFailure.Misdirected => "Check the address and the authorisation of the HttpClient; asking again changes nothing.",
            _ => "See the log of the service; WithRetry asks again.",
        };
        return new(failure, $"{Post} answered {Status(response)}: {Secrets.Excerpt(body)} {remedy}", null, retryAfter);
    }

    /// <summary>The answer ends too early.</summary>
    public RemoteServiceException Cut(HttpResponseMessage response, int bytes) =>
        new(
            RemoteFailure.Unavailable,
            $"{Post} answered {Status(response)}, but the answer ends in the middle of its JSON, after {bytes} bytes. WithRetry asks again."
        );

    /// <summary>The answer is something else than rewards.</summary>
    public RemoteServiceException Bad(
        HttpResponseMessage response,
        string what,
        Exception? inner = null,
        RemoteFailure failure = RemoteFailure.BadAnswer
    ) =>
        new(
            failure,
            $"{Post} answered {Status(response)}, but the answer is not usable: {what}. For the format of an answer see "
                + "docs/remote-rewards.md in the repository.",
            inner
        );

    /// <summary>Refuses what another address has answered, or what is the answer to another request:
    /// the client has followed a redirection.</summary>
    public void RequireFromEndpoint(HttpResponseMessage response)
    {
        if (response.RequestMessage is not { RequestUri: Uri from } asked || IsOfEndpoint(asked))
            return;
        throw new RemoteServiceException(
            RemoteFailure.Misdirected,
            $"{Post} was answered {Status(response)} by {asked.Method} {Shown.Name(Secrets.Hide(Secrets.WithoutThem(from)))}, "
                + $"and rewards from another address are refused. {Elsewhere} A handler with AllowAutoRedirect = false sends completions "
                + $"and headers to no other address."
        );
    }

    private bool IsOfEndpoint(HttpRequestMessage asked) => asked.Method == HttpMethod.Post && asked.RequestUri == endpoint;

    private string Status(HttpResponseMessage response) =>
        Shown.Text(Secrets.Hide($"{(int)response.StatusCode} {response.ReasonPhrase}").TrimEnd());

    private static string Reason(Exception e) =>
        Shown.Reason(
            e.InnerException is Exception inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal)
                ? $"{e.Message.TrimEnd('.')}: {inner.Message.TrimEnd('.')}."
                : $"{e.Message.TrimEnd('.')}."
        );
}
