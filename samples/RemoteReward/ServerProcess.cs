using System.Diagnostics;

/// <summary>The server as a process of its own, which can be killed as a machine's failure would kill it,
/// and started again at the same address.</summary>
internal sealed class ServerProcess : IDisposable
{
    /// <summary>The first argument of the process that serves; the second one is the port.</summary>
    public const string Command = "serve";

    private readonly Lock _lock = new(); // who finds it dead waits until it is
    private Process? _process;

    /// <summary>Where it serves; known once it has been started.</summary>
    public Uri? Address { get; private set; }

    /// <summary>Starts it and returns once it listens.</summary>
    public void Start()
    {
        using Lock.Scope only = _lock.EnterScope();
        _process?.Dispose();
        string port = FormattableString.Invariant($"{Address?.Port ?? 0}"); // the first time any free port, then the same
        string program = Environment.ProcessPath!;
        // dotnet RemoteReward.dll
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(ServerProcess).Assembly.Location] : [];
        var start = new ProcessStartInfo(program, [.. host, Command, port]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        _process = Process.Start(start)!;
        Address = new Uri(
            _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server ended before it listened.")
        );
    }

    /// <summary>Kills it, requests under way included.</summary>
    public void Kill()
    {
        using Lock.Scope only = _lock.EnterScope();
        _process!.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
            Kill();
        _process?.Dispose();
    }
}
