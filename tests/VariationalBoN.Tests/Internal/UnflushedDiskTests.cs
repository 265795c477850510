using System.Diagnostics;

namespace VariationalBoN.Tests.Internal;

/// <summary>Saves in a process whose every fsync fails in the kernel, where strace is there to do it.</summary>
[Trait("Tier", "slow")]
public sealed class UnflushedDiskTests : IDisposable
{
    private const string Strace = "/usr/bin/strace";
    private readonly string _folder = Directory.CreateTempSubdirectory("unflushed-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("table")]
    [InlineData("weights")]
    [InlineData("checkpoint")]
    public async Task Save_on_a_disk_that_cannot_flush_fails(string what)
    {
        if (!File.Exists(Strace))
            return;
        string host = Path.Combine(AppContext.BaseDirectory, "VariationalBoN.CrashHost.dll");
        var start = new ProcessStartInfo(
            Strace,
            [
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=fsync",
                "-e",
                "inject=fsync:error=EIO",
                "dotnet",
                host,
                "save",
                what,
                _folder,
                "10",
            ]
        )
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> reading = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        string errors = await reading;
        await process.WaitForExitAsync();
        if (errors.Contains("ptrace", StringComparison.OrdinalIgnoreCase))
            return; // no process may be traced here
        Assert.NotEqual(0, process.ExitCode);
        Assert.Contains("could not be brought to the disk", errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "saved")));
        Assert.Empty(Directory.GetFiles(_folder, "checkpoint.json", SearchOption.AllDirectories));
    }
}
