using Microsoft.Extensions.Logging;

namespace VariationalBoN.Rewards;

/// <summary>How often and when a failed call is made again: exponential back-off with jitter.
/// Immutable; as thread-safe as its functions.</summary>
/// <remarks>Checked where it is used, all faults in one message. The defaults wait about two minutes in all:
/// a service that restarts is back by then.</remarks>
public sealed record RetryOptions
{
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    /// <summary>How often a failed call is made again, 0 or more.</summary>
    /// <value>Default 8.</value>
    public int MaxRetries { get; init; } = 8;

    /// <summary>The wait before the first retry, doubled for each further one and spread by jitter; 0 to a day.</summary>
    /// <value>Default 0.5 seconds.</value>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest wait between two tries, also when the service asks for a longer one (Retry-After); above 0, to a day.</summary>
    /// <value>Default 60 seconds.</value>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long one try may take; 10 ms to a day. The call must observe its cancellation token.</summary>
    /// <value>Default 100 seconds. null is no limit.</value>
    public TimeSpan? Timeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Whether a failure may pass by itself and is worth another try.</summary>
    /// <value>Default <see cref="RetryPolicy.IsTransient"/>.</value>
    public Func<Exception, bool> IsTransient { get; init; } = RetryPolicy.IsTransient;

    /// <summary>
    /// Reads the HTTP status of an exception of a client's own class, null or 0 for none. An exception with
    /// a status is judged by the status (408, 429 and 5xx may pass), not by <see cref="IsTransient"/>.
    /// </summary>
    /// <value>Default null: <see cref="IsTransient"/> judges every exception.</value>
    public Func<Exception, int?>? StatusOf { get; init; }

    /// <summary>Receives a message before each wait: which try failed, why, and how long the wait is.</summary>
    /// <value>Default null: nothing is said; retries are counted all the same (<see cref="Telemetry"/>).</value>
    public ILogger? Logger { get; init; }

    /// <summary>The clock.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (MaxRetries < 0)
            faults.Add($"MaxRetries is {MaxRetries}; it must be at least 0");
        if (BaseDelay < TimeSpan.Zero || BaseDelay > s_day)
            faults.Add($"BaseDelay is {BaseDelay}; it must be from 0 to a day");
        if (MaxDelay <= TimeSpan.Zero || MaxDelay > s_day)
            faults.Add($"MaxDelay is {MaxDelay}; it must be above 0 and at most a day");
        if (Timeout is TimeSpan timeout && (timeout < TimeSpan.FromMilliseconds(10) || timeout > s_day))
            faults.Add($"Timeout is {timeout}; it must be from 10 ms to a day, or null");
        if (IsTransient is null)
            faults.Add("IsTransient is null; leave it out for the default");
        if (TimeProvider is null)
            faults.Add("TimeProvider is null; leave it out for the system's clock");
        if (faults.Count > 0)
            throw new ArgumentException($"The retry options are not usable: {string.Join("; ", faults)}.");
    }
}
