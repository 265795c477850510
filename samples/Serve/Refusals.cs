using Serve.OpenAI;
using VariationalBoN.Extensions.AI.Serving;

namespace Serve;

/// <summary>
/// What a client is told when it gets no answer: always an error object of OpenAI's form, in words of our own. Stateless, thread-safe.
/// </summary>
internal static class Refusals
{
    /// <summary>What an exception becomes.</summary>
    public static IResult Of(Exception error) => error switch
    {
        RequestException refused => Answers.Error(refused),
        ServiceBusyException busy => Answers.Error(StatusCodes.Status429TooManyRequests, busy.Message, "too_many_requests"),
        ObjectDisposedException => Stopping(),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Answers.Error(JsonBody.TooLarge()),
        BadHttpRequestException bad => Answers.Error(bad.StatusCode, bad.Message, "bad_request"),
        ArgumentException refused => // of the policy: a prompt that is too long, a setting out of range
            Answers.Error(StatusCodes.Status400BadRequest, refused.Message, "invalid_value"),
        _ => Answers.Error(StatusCodes.Status500InternalServerError,
            "The answer could not be drawn; the log of the server says why.", "draw_failed"),
    };

    /// <summary>Whether an exception is the fault of a request, and no matter for the log of the server.</summary>
    public static bool IsOfClient(Exception error) => error is RequestException or ServiceBusyException or ObjectDisposedException
        or BadHttpRequestException or ArgumentException;

    /// <summary>The refusal of a server that ends.</summary>
    public static IResult Stopping() =>
        Answers.Error(StatusCodes.Status503ServiceUnavailable, "The server is stopping. Ask again when it is back.", "stopping");

    /// <summary>What a status without a body becomes.</summary>
    public static IResult Of(int status, HttpRequest request) => status switch
    {
        StatusCodes.Status404NotFound => Answers.Error(status,
            $"There is nothing at {request.Path}. This server has /, /v1/models, /v1/chat/completions, /compare, /health and /metrics.",
            "not_found"),
        StatusCodes.Status405MethodNotAllowed => Answers.Error(status,
            $"{request.Path} does not take {request.Method}.", "method_not_allowed"),
        _ => Answers.Error(status, $"The request was refused with status {status}.", "refused"),
    };
}
