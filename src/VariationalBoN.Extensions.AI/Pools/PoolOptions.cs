using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>How a <see cref="PoolHandler"/> treats its servers. Immutable; as thread-safe as its function.
/// Checked where it is used, all faults in one message.</summary>
[Experimental(ExperimentalIds.Pools)]
public sealed record PoolOptions
{
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    /// <summary>The most requests that one server is given at once, at least 1; others wait for a free one.</summary>
    /// <value>Default 16. For vLLM some hundreds, as many as it draws together.</value>
    public int MaxRequestsPerServer { get; init; } = 16;

    /// <summary>How long one server may take over one request, body included, from 10 ms to a day; then it is asked elsewhere.</summary>
    /// <value>Default 5 minutes.</value>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often one request is tried on each server, at least 1;
    /// it fails when it has been tried so often on all of them.</summary>
    /// <value>Default 8: with the pauses below a server may be away for about a minute.</value>
    public int MaxTriesPerServer { get; init; } = 8;

    /// <summary>How long a server that failed is left alone, from 0 to a day; doubled with each failure after
    /// it, up to <see cref="MaxPause"/>. A server's Retry-After is followed up to that limit, too.</summary>
    /// <value>Default 0.5 seconds.</value>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The longest pause, from <see cref="FirstPause"/> to a day.</summary>
    /// <value>Default 30 seconds.</value>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most bytes of an answer that are read, at least 1; more is an error.</summary>
    /// <value>Default 64 MiB.</value>
    public int MaxResponseBytes { get; init; } = 64 << 20;

    /// <summary>The authorisation of requests that have none of their own.</summary>
    /// <value>Default null: none.</value>
    public AuthenticationHeaderValue? Authorization { get; init; }

    /// <summary>Called when a server fails and gets no requests for a while, and
    /// when it answers again. Called within a request: it must not block.</summary>
    /// <value>Default null: nothing is called.</value>
    public Action<ServerHealth>? OnChange { get; init; }

    /// <summary>The clock.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (MaxRequestsPerServer < 1)
            faults.Add($"MaxRequestsPerServer is {MaxRequestsPerServer}; it must be at least 1");
        if (TryTimeout < TimeSpan.FromMilliseconds(10) || TryTimeout > s_day)
            faults.Add($"TryTimeout is {TryTimeout}; it must be from 10 ms to a day");
        if (MaxTriesPerServer < 1)
            faults.Add($"MaxTriesPerServer is {MaxTriesPerServer}; it must be at least 1");
        if (FirstPause < TimeSpan.Zero || FirstPause > s_day)
            faults.Add($"FirstPause is {FirstPause}; it must be from 0 to a day");
        if (MaxPause < FirstPause || MaxPause > s_day)
            faults.Add($"MaxPause is {MaxPause}; it must be from FirstPause ({FirstPause}) to a day");
        if (MaxResponseBytes < 1)
            faults.Add($"MaxResponseBytes is {MaxResponseBytes}; it must be at least 1");
        if (TimeProvider is null)
            faults.Add("TimeProvider is null; leave it out for the system's clock");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the pool are not usable: {string.Join("; ", faults)}.");
    }
}
