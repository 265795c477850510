namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>One server of a pool and how it is. The pool's lock guards it.</summary>
internal sealed class PoolServer
{
    private readonly PoolOptions _options;
    private long _pausedSince, _pausedUntil; // timestamps
    private int _failures;                   // since it last answered
    private long _answered, _failed;
    private string? _lastFailure;

    public PoolServer(Uri address, PoolOptions options)
    {
        if (address is not { IsAbsoluteUri: true, Scheme: "http" or "https", Query: "", Fragment: "" })
            throw new ArgumentException($"\"{address?.GetLeftPart(UriPartial.Path)}\" is no address of a server; it must be absolute, " +
                "http or https, without query.", nameof(address));
        Address = address.AbsolutePath.EndsWith('/') ? address : new UriBuilder(address) { Path = address.AbsolutePath + "/" }.Uri;
        Shown = new UriBuilder(Address) { UserName = "", Password = "" }.Uri;
        _options = options;
    }

    /// <summary>Where requests go, with a slash at its end.</summary>
    public Uri Address { get; }

    /// <summary>What is said of it: without secrets.</summary>
    public Uri Shown { get; }

    /// <summary>The requests that it is at.</summary>
    public int UnderWay { get; set; }

    /// <summary>Changes when it answers again after it has failed: what it serves may be something else from then on.</summary>
    public int Life { get; private set; }

    /// <summary>Whether it may be given a request now: one alone, after a failure, until it has answered.</summary>
    public bool IsFree => UnderWay < (_failures > 0 ? 1 : _options.MaxRequestsPerServer) && Pause == TimeSpan.Zero;

    /// <summary>How long it is left alone.</summary>
    public TimeSpan Pause => _failures == 0 ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Max(0, (double)(_pausedUntil - _options.TimeProvider.GetTimestamp()) / _options.TimeProvider.TimestampFrequency));

    public ServerHealth Health => new(Shown, UnderWay, _answered, _failed, Pause, _lastFailure);

    /// <summary>It has answered.</summary>
    /// <returns>Whether it had failed before.</returns>
    public bool Answered()
    {
        _answered++;
        if (_failures == 0)
            return false;
        _failures = 0;
        Life++;
        return true;
    }

    /// <summary>It has failed at a request that was begun then. Those that were under way when it first failed count once.</summary>
    /// <returns>Whether that was news.</returns>
    public bool Failed(long begun, string why, TimeSpan? retryAfter)
    {
        _failed++;
        _lastFailure = why;
        if (_failures > 0 && begun < _pausedSince)
            return false;
        TimeSpan pause = TimeSpan.FromTicks((long)Math.Min(_options.MaxPause.Ticks, _options.FirstPause.Ticks * Math.Pow(2,
            Math.Min(_failures, 40))));
        if (retryAfter is TimeSpan asked)
            pause = asked > _options.MaxPause ? _options.MaxPause : asked > pause ? asked : pause;
        _failures++;
        _pausedSince = _options.TimeProvider.GetTimestamp();
        _pausedUntil = _pausedSince + (long)(pause.TotalSeconds * _options.TimeProvider.TimestampFrequency);
        return true;
    }
}
