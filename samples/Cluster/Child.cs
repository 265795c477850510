using System.Diagnostics;

namespace Cluster;

/// <summary>A process of the run. It ends when this one does, since its standard input ends then.</summary>
internal sealed class Child : IDisposable
{
    /// <summary>The first argument of a child; then its role and the file of the settings.</summary>
    public const string Command = "child";

    private readonly Process _process;
    private readonly Task _reading;
    private bool _isDisposed;

    private Child(Process process, Action<string> heard)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, heard), ReadAsync(process.StandardError, heard));
    }

    public int Id => _process.Id;

    /// <summary>Starts one.</summary>
    /// <param name="role">What it is.</param>
    /// <param name="settings">The file of the settings.</param>
    /// <param name="heard">Told each line that it writes.</param>
    public static Child Start(string role, string settings, Action<string> heard)
    {
        string program = Environment.ProcessPath!;
        // dotnet Cluster.dll
        string[] host = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [typeof(Child).Assembly.Location] : [];
        var start = new ProcessStartInfo(program, [.. host, Command, role, settings])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        return new Child(Process.Start(start)!, heard);
    }

    /// <summary>In a child: ends the process when its parent has.</summary>
    public static void EndWithParent() =>
        _ = Task.Run(() =>
        {
            while (Console.In.Read() >= 0) { }

            Environment.Exit(0);
        });

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _reading;
        return _process.ExitCode;
    }

    /// <summary>Ends it as the failure of a machine would.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    private static async Task ReadAsync(StreamReader lines, Action<string> heard)
    {
        while (await lines.ReadLineAsync() is string line)
            heard(line);
    }
}
