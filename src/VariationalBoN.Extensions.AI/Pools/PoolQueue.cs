using System.Collections.Immutable;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Requests that wait for a place at a server, first come, first served, but for those that were tried already: they are first,
/// so that a request that nobody answers fails when its tries are made and not when those of all others are. Thread-safe.</summary>
/// <param name="servers">The servers; this is what guards their state.</param>
/// <param name="options">Of the pool.</param>
internal sealed class PoolQueue(ImmutableArray<PoolServer> servers, PoolOptions options) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiting = [];
    private ITimer? _timer; // for the end of the next pause, while somebody waits

    /// <summary>How the servers are now.</summary>
    public ImmutableArray<ServerHealth> Health
    {
        get
        {
            lock (_lock)
                return [.. servers.Select(server => server.Health)];
        }
    }

    /// <summary>A place at the least busy server, of those that this request was tried on least; waits for one.</summary>
    /// <param name="tries">How often it was tried on each.</param>
    /// <param name="only">The one server that it goes to, as long as it is in that life; null for any.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The server, and which of its lives it is in.</returns>
    /// <exception cref="HttpRequestException">The life of the one server is over.</exception>
    public async Task<(PoolServer Server, int Life)> TakeAsync(
        IReadOnlyDictionary<PoolServer, int> tries,
        (PoolServer Server, int Life)? only,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        var waiter = new Waiter(tries, only);
        lock (_lock)
        {
            _ = tries.Count > 0 ? _waiting.AddFirst(waiter) : _waiting.AddLast(waiter);
            Serve();
        }

        await using CancellationTokenRegistration stop = cancellationToken.Register(() =>
        {
            lock (_lock)
            {
                if (_waiting.Remove(waiter))
                    waiter.Place.SetCanceled(cancellationToken);
            }
        });
        return await waiter.Place.Task.ConfigureAwait(false);
    }

    /// <summary>Gives a place back, and to the next that waits for it.</summary>
    /// <param name="server">The server.</param>
    /// <param name="become">What became of it; whether that is news.</param>
    /// <returns>How it is, when that is news.</returns>
    public ServerHealth? Return(PoolServer server, Func<bool> become)
    {
        lock (_lock)
        {
            server.UnderWay--;
            ServerHealth? news = become() ? server.Health : null;
            Serve();
            return news;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    private static (PoolServer, int) Given(PoolServer server)
    {
        server.UnderWay++;
        return (server, server.Life);
    }

    private PoolServer? Free(Waiter waiter) =>
        (waiter.Only is { } only ? [only.Server] : servers)
            .Where(server => server.IsFree && waiter.Tries.GetValueOrDefault(server) < options.MaxTriesPerServer)
            .OrderBy(server => waiter.Tries.GetValueOrDefault(server))
            .ThenBy(server => server.UnderWay)
            .FirstOrDefault();

    /// <summary>Gives what places there are, in order, and looks again when the next pause ends.</summary>
    private void Serve()
    {
        bool isOver = _waiting.Any(waiter => waiter.IsOver);
        for (
            LinkedListNode<Waiter>? node = _waiting.First, next;
            node is not null && (isOver || servers.Any(server => server.IsFree));
            node = next
        )
        {
            next = node.Next;
            if (node.Value is { IsOver: true, Only: { } only })
            {
                _waiting.Remove(node);
                node.Value.Place.SetException(
                    new HttpRequestException(HttpRequestError.Unknown, $"{only.Server.Address} gave no answer: {only.Server.LastFailure}.")
                );
                continue;
            }

            if (Free(node.Value) is not { } free)
                continue;
            _waiting.Remove(node);
            node.Value.Place.SetResult(Given(free));
        }

        _timer?.Dispose();
        TimeSpan[] pauses = _waiting.Count == 0 ? [] : [.. servers.Select(server => server.Pause).Where(pause => pause > TimeSpan.Zero)];
        _timer =
            pauses.Length == 0
                ? null
                : options.TimeProvider.CreateTimer(
                    _ => Look(),
                    null,
                    pauses.Min() + TimeSpan.FromMilliseconds(1),
                    Timeout.InfiniteTimeSpan
                );
    }

    private void Look()
    {
        lock (_lock)
            Serve();
    }

    /// <summary>A request that waits.</summary>
    private sealed record Waiter(IReadOnlyDictionary<PoolServer, int> Tries, (PoolServer Server, int Life)? Only)
    {
        public bool IsOver => Only is { } only && only.Server.Life != only.Life;

        public TaskCompletionSource<(PoolServer Server, int Life)> Place { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
