using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>
/// Several servers with the same service, used as one: each request goes to the server that is
/// least busy, and to another one when it fails. A handler for any <see cref="HttpClient"/>: that
/// of a <see cref="PoolSampler"/>, of an <see cref="HttpRewardModel"/>, of a chat model's client.
/// </summary>
/// <remarks>
/// <para>Requests name <see cref="Address"/> in place of a server: <c>new Uri(PoolHandler.Address, "score")</c>. The path after it is
/// appended to the address of the server that is chosen.</para>
/// <para>A try fails when the connection fails, the answer is incomplete or too late, or the status is a passing one (408, 429, 5xx). Then
/// the server gets no requests for a pause that doubles with each failure; after it one request is tried, and more follow when it answers.
/// When a server refuses a request (400, 404), that is the answer: other servers would refuse it, too. It must be safe to make a request
/// twice, as it is for draws with a seed and for rewards.</para>
/// <para>Thread-safe. Disposing ends its connections.</para>
/// </remarks>
[Experimental(ExperimentalIds.Pools)]
public sealed class PoolHandler : HttpMessageHandler
{
    /// <summary>The one server that a request goes to, in one of its lives: when that ends, the request has failed.</summary>
    internal static readonly HttpRequestOptionsKey<(PoolServer Server, int Life)> Only = new("VariationalBoN.Only");

    /// <summary>The server that has answered a request, and which of its lives it was in.</summary>
    internal static readonly HttpRequestOptionsKey<(PoolServer Server, int Life)> AnsweredBy = new("VariationalBoN.AnsweredBy");

    private readonly HttpMessageInvoker _inner;
    private readonly PoolOptions _options;
    private readonly PoolQueue _queue;

    /// <summary>Creates a pool.</summary>
    /// <param name="servers">Their addresses, at least one and none twice:
    /// what stands before the path of a request, such as http://gpu1:8000.</param>
    /// <param name="options">How they are treated; the defaults when left out.</param>
    /// <exception cref="ArgumentException">There is no address, one is invalid,
    /// has a password or occurs twice, or an option is out of range.</exception>
    public PoolHandler(IReadOnlyList<Uri> servers, PoolOptions? options = null)
        : this(
            servers,
            options,
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectTimeout = TimeSpan.FromSeconds(5), // a machine that is off answers nothing
                PooledConnectionLifetime = TimeSpan.FromMinutes(15),
            }
        ) { }

    /// <summary>A pool over another handler, which it owns.</summary>
    internal PoolHandler(IReadOnlyList<Uri> servers, PoolOptions? options, HttpMessageHandler inner)
    {
        ArgumentNullException.ThrowIfNull(servers);
        _options = options ?? new PoolOptions();
        _options.Validate();
        Servers = [.. servers.Select(server => new PoolServer(server, _options))];
        if (Servers.IsEmpty)
            throw new ArgumentException("There is no server; give the address of at least one.", nameof(servers));
        if (Servers.CountBy(server => server.Address).FirstOrDefault(count => count.Value > 1).Key is Uri twice)
            throw new ArgumentException(
                $"The server {twice} stands twice; MaxRequestsPerServer says how " + "much one is given.",
                nameof(servers)
            );
        _inner = new HttpMessageInvoker(inner);
        _queue = new PoolQueue(Servers, _options);
    }

    /// <summary>Stands for the pool in the addresses of requests; no name that a network resolves.</summary>
    public static Uri Address { get; } = new("http://pool.invalid/");

    /// <summary>The state of each server now, in the order given.</summary>
    public ImmutableArray<ServerHealth> Health => _queue.Health;

    /// <summary>The servers.</summary>
    internal ImmutableArray<PoolServer> Servers { get; }

    /// <summary>How often a request is tried on each.</summary>
    internal int MaxTriesPerServer => _options.MaxTriesPerServer;

    /// <summary>The requests that all of them take at once.</summary>
    internal int Capacity => (int)Math.Min(int.MaxValue, (long)Servers.Length * _options.MaxRequestsPerServer);

    /// <summary>A client without a limit of time of its own: a request may wait for a free server, and each try has
    /// <see cref="PoolOptions.TryTimeout"/>.</summary>
    /// <returns>The client, the caller's to dispose, which leaves the pool as it is.</returns>
    public HttpClient CreateClient() => new(this, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan, BaseAddress = Address };

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.RequestUri is not { IsAbsoluteUri: true } uri || uri.Host != Address.Host)
            throw new InvalidOperationException(
                $"A request for {PoolServer.Named(request.RequestUri)} was sent through a pool, which chooses the server itself; send it "
                    + $"to {nameof(PoolHandler)}.{nameof(Address)}."
            );
        byte[]? body = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        var tries = new Dictionary<PoolServer, int>();
        (PoolServer Server, int Life)? only = request.Options.TryGetValue(Only, out var one) ? one : null;
        while (true)
        {
            (PoolServer server, int life) = await _queue.TakeAsync(tries, only, cancellationToken).ConfigureAwait(false);
            tries[server] = tries.GetValueOrDefault(server) + 1;
            bool isLast = (only is { } given ? [given.Server] : Servers).All(other =>
                tries.GetValueOrDefault(other) >= _options.MaxTriesPerServer
            );
            if (await TryAsync(server, life, request, body, isLast, cancellationToken).ConfigureAwait(false) is { } response)
            {
                request.Options.Set(AnsweredBy, (server, life));
                return response;
            }
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
            _queue.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>One try. The place at the server is given back when the answer is read to its end.</summary>
    /// <returns>The answer; null when it came to nothing and is to be asked elsewhere.</returns>
    private async Task<HttpResponseMessage?> TryAsync(
        PoolServer server,
        int life,
        HttpRequestMessage request,
        byte[]? body,
        bool isLast,
        CancellationToken cancellationToken
    )
    {
        long begun = _options.TimeProvider.GetTimestamp();
        PoolTry made = await PoolTry.SendAsync(_inner, server, request, body, _options, cancellationToken).ConfigureAwait(false);
        ServerHealth? news = _queue.Return(
            server,
            made.Passes
                ? () => server.Failed(begun, life, made.MayHaveRestarted, made.Why, made.RetryAfter)
                : () => made.Response is not null && server.Answered(begun)
        );
        if (made.Passes && !isLast)
            made.Response?.Dispose();
        if (news is not null)
            _options.OnChange?.Invoke(news);
        if (made.IsStopped)
            throw new OperationCanceledException(made.Error!.Message, made.Error, cancellationToken); // not that of the try
        if (made.Passes && !isLast)
            return null;
        if (made.Response is not { } response)
        {
            throw new HttpRequestException(
                (made.Error as HttpRequestException)?.HttpRequestError ?? HttpRequestError.Unknown,
                $"{server.Address} gave no answer: {made.Why}."
                    + $"{(made.Passes ? $" Each server was tried {_options.MaxTriesPerServer} times." : "")}",
                made.Error
            );
        }

        response.RequestMessage = request;
        if (!response.IsSuccessStatusCode)
            response.ReasonPhrase = $"{response.ReasonPhrase} (by {server.Address})".TrimStart();
        return response;
    }
}
