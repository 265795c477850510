using System.Net;
using System.Net.Sockets;

namespace VariationalBoN.Tests.Rewards;

/// <summary>A server on loopback that says some bytes to each connection and then others again and again,
/// until the client has gone.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private long _sent;

    public RawServer(byte[] once, byte[]? again = null, TimeSpan pause = default)
    {
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/score");
        _serving = ServeAsync(once, again, pause);
    }

    public Uri Endpoint { get; }

    /// <summary>How many bytes the clients took, or their buffers.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync(byte[] once, byte[]? again, TimeSpan pause)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await SayAsync(client.GetStream(), once, again, pause);
            }
        }
        catch (OperationCanceledException)
        {
            // the test is over
        }
    }

    private async Task SayAsync(NetworkStream stream, byte[] once, byte[]? again, TimeSpan pause)
    {
        try
        {
            await stream.ReadAtLeastAsync(new byte[1 << 16], 1, cancellationToken: _stop.Token);
            for (byte[]? next = once; next is not null; next = again)
            {
                await stream.WriteAsync(next, _stop.Token);
                Interlocked.Add(ref _sent, next.Length);
                await Task.Delay(pause, _stop.Token);
            }
        }
        catch (IOException)
        {
            // the client has gone
        }
    }
}
