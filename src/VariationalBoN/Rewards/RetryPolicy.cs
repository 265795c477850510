using System.Net;
using System.Net.Sockets;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace VariationalBoN.Rewards;

/// <summary>Makes calls again that failed for a passing reason, with a limit of time for each try. Thread-safe.</summary>
public sealed class RetryPolicy
{
    private readonly RetryOptions _options;
    private readonly ResiliencePipeline _pipeline;

    /// <summary>Creates a policy.</summary>
    /// <param name="options">How often and when; the defaults when left out.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public RetryPolicy(RetryOptions? options = null)
    {
        _options = options ?? new RetryOptions();
        _options.Validate();
        var builder = new ResiliencePipelineBuilder { TimeProvider = _options.TimeProvider };
        if (_options.MaxRetries > 0)
            builder.AddRetry(Retry(_options));
        if (_options.Timeout is TimeSpan timeout)
            builder.AddTimeout(new TimeoutStrategyOptions { Timeout = timeout });
        _pipeline = builder.Build();
    }

    /// <summary>
    /// The default of <see cref="RetryOptions.IsTransient"/>: a service that is away or failed inside, a refused or broken connection, a timeout.
    /// </summary>
    /// <param name="error">What a call threw.</param>
    /// <returns>Whether another try may end better.</returns>
    public static bool IsTransient(Exception error) => FailureOf(error) is RemoteFailure.Unavailable or RemoteFailure.ServerError;

    /// <summary>Makes a call, again if need be.</summary>
    /// <param name="call">The call; it must heed its token, which also ends a try that takes too long.</param>
    /// <param name="cancellationToken">Stops calls and waits.</param>
    /// <returns>What the first call that succeeded returned.</returns>
    /// <exception cref="RemoteServiceException">No try succeeded; the message says how many there were. A failure that cannot pass is thrown as it is.</exception>
    public async Task<T> ExecuteAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        int attempts = 0;
        long start = _options.TimeProvider.GetTimestamp();
        try
        {
            return await _pipeline.ExecuteAsync(
                async token =>
                {
                    attempts++;
                    return await call(token).ConfigureAwait(false);
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested(); // with the caller's token, not that of a try
            throw;
        }
        catch (TimeoutRejectedException e)
        {
            throw GivenUp($"There was no answer within {Seconds(e.Timeout)}.", RemoteFailure.Unavailable, e);
        }
        catch (Exception e) when (attempts > 1 && (FailureOf(e) is not null || _options.IsTransient(e)))
        {
            throw GivenUp(e.Message, FailureOf(e) ?? RemoteFailure.Unavailable, e);
        }

        RemoteServiceException GivenUp(string what, RemoteFailure failure, Exception inner) =>
            new(failure, $"{what} Given up after {attempts} {(attempts == 1 ? "try" : "tries")} in {Seconds(_options.TimeProvider.GetElapsedTime(start))}; RetryOptions sets their number and limits.", inner);
    }

    /// <summary>Why a call failed, as far as its exception says.</summary>
    internal static RemoteFailure? FailureOf(Exception error) => error switch
    {
        RemoteServiceException remote => remote.Failure,
        HttpRequestException { StatusCode: HttpStatusCode status } => FailureOf(status),
        HttpRequestException http => http.HttpRequestError is HttpRequestError.SecureConnectionError or HttpRequestError.UserAuthenticationError or HttpRequestError.VersionNegotiationError
            ? RemoteFailure.Rejected
            : http.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded ? RemoteFailure.BadAnswer : RemoteFailure.Unavailable,
        TimeoutException or TimeoutRejectedException or OperationCanceledException or IOException or SocketException => RemoteFailure.Unavailable,
        RewardModelException { InnerException: Exception inner } => FailureOf(inner),
        _ => null,
    };

    /// <summary>What a status other than success means.</summary>
    internal static RemoteFailure FailureOf(HttpStatusCode status) => (int)status switch
    {
        408 or 429 or 502 or 503 or 504 => RemoteFailure.Unavailable,
        >= 500 => RemoteFailure.ServerError,
        _ => RemoteFailure.Rejected,
    };

    /// <summary>A time span for messages.</summary>
    internal static string Seconds(TimeSpan time) => FormattableString.Invariant($"{time.TotalSeconds:0.##} s");

    private static RetryStrategyOptions Retry(RetryOptions options) => new()
    {
        MaxRetryAttempts = options.MaxRetries,
        Delay = options.BaseDelay,
        MaxDelay = options.MaxDelay,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = args => new(args.Outcome.Exception is Exception e && !args.Context.CancellationToken.IsCancellationRequested && (e is TimeoutRejectedException || options.IsTransient(e))),
        DelayGenerator = args => new(args.Outcome.Exception is RemoteServiceException { RetryAfter: TimeSpan asked } ? TimeSpan.FromTicks(Math.Min(asked.Ticks, options.MaxDelay.Ticks)) : null),
        OnRetry = args =>
        {
            options.OnRetry?.Invoke(new RetryAttempt(args.AttemptNumber + 1, args.RetryDelay, args.Outcome.Exception!));
            return default;
        },
    };
}
