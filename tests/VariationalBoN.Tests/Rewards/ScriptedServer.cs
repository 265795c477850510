using System.Net;
using System.Net.Sockets;
using System.Text;

namespace VariationalBoN.Tests.Rewards;

/// <summary>
/// A server on loopback that says exactly the bytes it is told, so that answers can be torn, late or wrong in ways a real server would not
/// let us be. One request a connection. The script gets the number of the request, from 0, and its body;
/// null drops the connection without a word.
/// </summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<int, string, CancellationToken, Task<string?>> _script;
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;
    private int _requests = -1;

    public ScriptedServer(Func<int, string, CancellationToken, Task<string?>> script)
    {
        _script = script;
        _listener.Start();
        Endpoint = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/score");
        _accepting = AcceptAsync();
    }

    public ScriptedServer(Func<int, string?> script)
        : this((request, _, _) => Task.FromResult(script(request))) { }

    public Uri Endpoint { get; }

    public int Requests => _requests + 1;

    /// <summary>An address where nobody listens.</summary>
    public static Uri Nobody()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // the port is taken and silent while bound, refused once closed
        return new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}/score");
    }

    public static string Answer(string body, string status = "200 OK", string header = "") =>
        $"HTTP/1.1 {status}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nContent-Type: application/json\r\nConnection: "
        + $"close\r\n{header}\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Stop();
        await Task.WhenAll(_connections);
        _stop.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException) { }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            NetworkStream stream = client.GetStream();
            try
            {
                string body = await ReadBodyAsync(stream, _stop.Token);
                if (await _script(Interlocked.Increment(ref _requests), body, _stop.Token) is string answer)
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // the client went away, or the test is over
            }
        }
    }

    private static async Task<string> ReadBodyAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 16];
        int count = 0;
        while (true)
        {
            string text = Encoding.UTF8.GetString(buffer, 0, count);
            int head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (head >= 0)
            {
                string length = text[..head]
                    .Split("\r\n")
                    .SingleOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase), "Content-Length:0")[
                    15..
                ];
                if (count >= head + 4 + int.Parse(length, System.Globalization.CultureInfo.InvariantCulture))
                    return text[(head + 4)..];
            }

            int read = await stream.ReadAsync(buffer.AsMemory(count), cancellationToken);
            count += read > 0 ? read : throw new IOException("The client closed the connection.");
        }
    }
}
