using System.Net;
using System.Net.Sockets;
using Polly;
using Polly.Retry;
using Polly.Timeout;
using VariationalBoN.Internal;

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
    /// The default of <see cref="RetryOptions.IsTransient"/>:
    /// a service that is away or failed inside, a refused or broken connection, a timeout.
    /// </summary>
    /// <param name="error">What a call threw.</param>
    /// <returns>Whether another try may succeed.</returns>
    public static bool IsTransient(Exception error) => IsPassing(FailureOf(error));

    /// <summary>Why a call failed, as far as its exception says.</summary>
    /// <remarks>An exception with an inner exception is judged by the inner one; of an
    /// <see cref="AggregateException"/>, which clients with their own retries throw, the last one counts.</remarks>
    /// <param name="error">What a call threw.</param>
    /// <returns>The kind of failure; null when the exception is not about HTTP, a connection or a timeout.</returns>
    public static RemoteFailure? FailureOf(Exception error) =>
        error switch
        {
            null => throw new ArgumentNullException(nameof(error)),
            RemoteServiceException remote => remote.Failure,
            HttpRequestException { StatusCode: HttpStatusCode status } => FailureOf(status),
            HttpRequestException http => http.HttpRequestError
                is HttpRequestError.SecureConnectionError
                    or HttpRequestError.UserAuthenticationError
                    or HttpRequestError.VersionNegotiationError
                ? RemoteFailure.Misdirected
            : http.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded ? RemoteFailure.BadAnswer
            : RemoteFailure.Unavailable,
            TimeoutException or ExecutionRejectedException or OperationCanceledException or IOException or SocketException =>
                RemoteFailure.Unavailable,
            _ => Beneath(error) is Exception inner ? FailureOf(inner) : null,
        };

    /// <summary>Makes a call, and makes it again while it fails for a passing reason.</summary>
    /// <param name="call">The call; it must observe its token, which also ends a try that takes too long.</param>
    /// <param name="cancellationToken">Stops calls and waits.</param>
    /// <returns>What the first call that succeeded returned.</returns>
    /// <exception cref="RemoteServiceException">No try succeeded; the message says how many there were. A failure that cannot pass is
    /// thrown as it is, or as one of these where <see cref="RetryOptions.StatusOf"/> told its status.</exception>
    public async Task<T> ExecuteAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(call);
        int attempts = 0;
        long start = _options.TimeProvider.GetTimestamp();
        try
        {
            return await _pipeline
                .ExecuteAsync(
                    async token =>
                    {
                        attempts++;
                        try
                        {
                            return await call(token).ConfigureAwait(false);
                        }
                        catch (Exception) when (token.IsCancellationRequested)
                        {
                            token.ThrowIfCancellationRequested(); // some clients tell it by an exception of their own
                            throw;
                        }
                    },
                    cancellationToken
                )
                .ConfigureAwait(false);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested(); // with the caller's token, not that of a try
            throw;
        }
        catch (TimeoutRejectedException e)
        {
            throw GivenUp($"There was no answer within {Seconds(e.Timeout)}.", RemoteFailure.Unavailable, e);
        }
        catch (Exception e) when (IsWorthAnother(e, _options) || (attempts > 1 && FailureOf(e) is not null))
        {
            throw GivenUp(e.Message, FailureByStatus(e, _options) ?? FailureOf(e) ?? RemoteFailure.Unavailable, e);
        }
        catch (Exception e) when (FailureByStatus(e, _options) is RemoteFailure told && (e as RemoteServiceException)?.Failure != told)
        {
            throw new RemoteServiceException(FailureByStatus(e, _options)!.Value, e.Message, e); // so that a scorer knows whose fault it is
        }

        RemoteServiceException GivenUp(string what, RemoteFailure failure, Exception inner) =>
            new(
                failure,
                $"{what} Given up after {attempts} {(attempts == 1 ? "try" : "tries")} in "
                    + $"{Seconds(_options.TimeProvider.GetElapsedTime(start))}; RetryOptions sets their number and limits.",
                inner
            );
    }

    /// <summary>The exception that another was made of: of several tries the last.</summary>
    internal static Exception? Beneath(Exception error) =>
        error is AggregateException { InnerExceptions: [.., Exception last] } ? last : error.InnerException;

    /// <summary>What a status other than success means.</summary>
    internal static RemoteFailure FailureOf(HttpStatusCode status) =>
        (int)status switch
        {
            408 or 429 or 502 or 503 or 504 => RemoteFailure.Unavailable,
            >= 500 => RemoteFailure.ServerError,
            400 or 413 or 422 => RemoteFailure.Rejected,
            _ => RemoteFailure.Misdirected,
        };

    /// <summary>A time span for messages.</summary>
    internal static string Seconds(TimeSpan time) => FormattableString.Invariant($"{time.TotalSeconds:0.##} s");

    private static bool IsWorthAnother(Exception error, RetryOptions options) =>
        FailureByStatus(error, options) is RemoteFailure failure ? IsPassing(failure) : options.IsTransient(error);

    private static bool IsPassing(RemoteFailure? failure) => failure is RemoteFailure.Unavailable or RemoteFailure.ServerError;

    private static RemoteFailure? FailureByStatus(Exception error, RetryOptions options)
    {
        for (Exception? e = error; e is not null; e = Beneath(e))
        {
            if (options.StatusOf?.Invoke(e) is int status and > 0)
                return FailureOf((HttpStatusCode)status);
        }

        return null;
    }

    private static RetryStrategyOptions Retry(RetryOptions options) =>
        new()
        {
            MaxRetryAttempts = options.MaxRetries,
            Delay = options.BaseDelay,
            MaxDelay = options.MaxDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            ShouldHandle = args =>
                new(
                    args.Outcome.Exception is Exception e
                        && !args.Context.CancellationToken.IsCancellationRequested
                        && (e is TimeoutRejectedException || IsWorthAnother(e, options))
                ),
            DelayGenerator = args =>
                new(
                    args.Outcome.Exception is RemoteServiceException { RetryAfter: TimeSpan asked }
                        ? TimeSpan.FromTicks(Math.Min(asked.Ticks, options.MaxDelay.Ticks))
                        : null
                ),
            OnRetry = args =>
            {
                Exception error = args.Outcome.Exception!;
                Instruments.Retries.Add(1);
                options.Logger?.Retry(args.AttemptNumber + 1, args.RetryDelay, error.Message, error);
                return default;
            },
        };
}
