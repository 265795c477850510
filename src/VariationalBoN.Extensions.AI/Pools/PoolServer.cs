namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>One server of a pool and how it is. The pool's lock guards it.</summary>
internal sealed class PoolServer
{
    private readonly PoolOptions _options;
    private long _pausedUntil; // a timestamp
    private int _failures; // since it last answered
    private long _answered,
        _failed;

    public PoolServer(Uri address, PoolOptions options)
    {
        if (address is not { IsAbsoluteUri: true, Scheme: "http" or "https", Query: "", Fragment: "" })
            throw new ArgumentException(
                $"\"{Named(address)}\" is no address of a server; it must be absolute, http or https, " + "without query.",
                nameof(address)
            );
        if (address.UserInfo.Length > 0)
            throw new ArgumentException(
                $"The address of {Named(address)} has a user or a password before its @, which is not sent; give "
                    + $"{nameof(PoolOptions)}.{nameof(PoolOptions.Authorization)}.",
                nameof(address)
            );
        Address = address.AbsolutePath.EndsWith('/') ? address : new UriBuilder(address) { Path = address.AbsolutePath + "/" }.Uri;
        _options = options;
    }

    /// <summary>Where requests go, with a slash at its end; without secrets.</summary>
    public Uri Address { get; }

    /// <summary>The requests that it is at.</summary>
    public int UnderWay { get; set; }

    /// <summary>Changes when it fails in a way that a restart explains: what it serves may be something else from then on.</summary>
    public int Life { get; private set; }

    /// <summary>Why it failed last; null when it never has.</summary>
    public string? LastFailure { get; private set; }

    /// <summary>Whether it may be given a request now: one alone, after a failure, until it has answered.</summary>
    public bool IsFree => UnderWay < (_failures > 0 ? 1 : _options.MaxRequestsPerServer) && Pause == TimeSpan.Zero;

    /// <summary>How long it is left alone.</summary>
    public TimeSpan Pause =>
        _failures == 0
            ? TimeSpan.Zero
            : TimeSpan.FromSeconds(
                Math.Max(0, (double)(_pausedUntil - _options.TimeProvider.GetTimestamp()) / _options.TimeProvider.TimestampFrequency)
            );

    public ServerHealth Health => new(Address, UnderWay, _answered, _failed, Pause, LastFailure);

    /// <summary>What an address is called in messages: without secrets.</summary>
    public static string Named(Uri? address) =>
        address is { IsAbsoluteUri: true }
            ? address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped)
            : $"{address}";

    /// <summary>It has answered a request that was begun then. One from before its pause does not end that.</summary>
    /// <returns>Whether it had failed before.</returns>
    public bool Answered(long begun)
    {
        _answered++;
        if (_failures == 0 || begun < _pausedUntil)
            return false;
        _failures = 0;
        return true;
    }

    /// <summary>It has failed at a request. Those that were under way when it first failed count once.</summary>
    /// <param name="begun">When the request was begun.</param>
    /// <param name="life">The life that the request was given to.</param>
    /// <param name="mayHaveRestarted">Whether that would explain it.</param>
    /// <param name="why">For people.</param>
    /// <param name="retryAfter">How long it asks to be left alone.</param>
    /// <returns>Whether that was news.</returns>
    public bool Failed(long begun, int life, bool mayHaveRestarted, string why, TimeSpan? retryAfter)
    {
        _failed++;
        LastFailure = why;
        if (mayHaveRestarted && life == Life)
            Life++;
        if (_failures > 0 && begun < _pausedUntil)
            return false;
        TimeSpan pause = TimeSpan.FromTicks(
            (long)Math.Min(_options.MaxPause.Ticks, _options.FirstPause.Ticks * Math.Pow(2, Math.Min(_failures, 40)))
        );
        if (retryAfter is TimeSpan asked)
            pause =
                asked > _options.MaxPause ? _options.MaxPause
                : asked > pause ? asked
                : pause;
        _failures++;
        _pausedUntil = _options.TimeProvider.GetTimestamp() + (long)(pause.TotalSeconds * _options.TimeProvider.TimestampFrequency);
        return true;
    }
}
