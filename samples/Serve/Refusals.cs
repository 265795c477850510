using Serve.OpenAI;
using VariationalBoN.Extensions.AI.Serving;

namespace Serve;

/// <summary>
/// What a client is told when it gets no answer: always an error object of OpenAI's form, in words of our own. What is no refusal is
/// status 500, and its text stands in the log of the server alone. Stateless, thread-safe.
/// </summary>
internal static partial class Refusals
{
    /// <summary>What an exception becomes.</summary>
    public static IResult Of(HttpContext context, Exception error) => Answers.Error(Known(context, error) ?? Failed());

    /// <summary>Whether an exception is a refusal, and no matter for the log of the server.</summary>
    public static bool IsRefusal(HttpContext context, Exception error) => Known(context, error) is not null;

    /// <summary>The event that ends a stream that has begun; what is no refusal is logged.</summary>
    public static string InStream(HttpContext context, Exception error)
    {
        RequestException? known = Known(context, error);
        if (known is null)
            LogFailed(context.RequestServices.GetRequiredService<ILogger<Program>>(), context.Request.Path, error);
        return Answers.ErrorEvent(known ?? Failed());
    }

    /// <summary>Whether the server ends.</summary>
    public static bool IsStopping(HttpContext context) =>
        context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested;

    /// <summary>The refusal of a server that ends.</summary>
    public static RequestException Stopping() =>
        new(StatusCodes.Status503ServiceUnavailable, "The server is stopping. Ask again when it is back.", "stopping");

    /// <summary>What a status without a body becomes.</summary>
    public static IResult Of(int status, HttpRequest request) =>
        Answers.Error(
            status switch
            {
                StatusCodes.Status404NotFound => new RequestException(
                    status,
                    $"There is nothing at {request.Path}. This server has /, /v1/models, /v1/chat/completions, /compare, /health and "
                        + $"/metrics.",
                    "not_found"
                ),
                StatusCodes.Status405MethodNotAllowed => new RequestException(
                    status,
                    $"{request.Path} does not take {request.Method}.",
                    "method_not_allowed"
                ),
                _ => new RequestException(status, $"The request was refused with status {status}.", "refused"),
            }
        );

    private static RequestException? Known(HttpContext context, Exception error) =>
        error switch
        {
            RequestException refused => refused,
            CompletionRequestException refused => // of the policy: a prompt that is too long, a setting out of range
            new RequestException(StatusCodes.Status400BadRequest, refused.Message, "invalid_value"),
            ServiceBusyException busy => new RequestException(StatusCodes.Status429TooManyRequests, busy.Message, "too_many_requests"),
            ObjectDisposedException when IsStopping(context) => Stopping(),
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => JsonBody.TooLarge(),
            BadHttpRequestException bad => new RequestException(bad.StatusCode, bad.Message, "bad_request"),
            _ => null,
        };

    private static RequestException Failed() =>
        new(StatusCodes.Status500InternalServerError, "The answer could not be drawn; the log of the server says why.", "draw_failed");

    [LoggerMessage(1, LogLevel.Error, "An answer of {Path} broke off.")]
    private static partial void LogFailed(ILogger logger, PathString path, Exception error);
}
