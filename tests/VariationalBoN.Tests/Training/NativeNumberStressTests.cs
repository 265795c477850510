using System.Diagnostics;
using System.Globalization;

namespace VariationalBoN.Tests.Training;

/// <summary>
/// Sampling, scoring, gradients, losses, adapters, classifiers, optimizers and checkpoints beside threads that make the garbage collector
/// run, in a process on one core whose methods are optimized from their first call:
/// no call throws and each number is that of a quiet call. docs/troubleshooting.md has the long form.
/// </summary>
[Trait("Tier", "slow")]
public sealed class NativeNumberStressTests
{
    [Fact]
    public async Task Every_number_beside_threads_that_allocate_is_that_of_a_quiet_call()
    {
        string host = Path.Combine(AppContext.BaseDirectory, "VariationalBoN.CrashHost.dll"),
            golden = Path.Combine(AppContext.BaseDirectory, "Golden", "hf");
        string[] job = ["dotnet", host, "stress", golden, Setting("CALLS", quick: 20), Setting("THREADS", quick: 2)];
        string[] command = OperatingSystem.IsLinux() ? ["taskset", "-c", FirstCore(), .. job] : job;
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_TieredCompilation"] = "0";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal([], lines.Where(line => !line.Contains(" 0 thrown, 0 wrong", StringComparison.Ordinal)));
        Assert.True(process.ExitCode == 0, await errors);
        Assert.True(lines.Length > 50, output);
    }

    private static string Setting(string name, int quick) =>
        Environment.GetEnvironmentVariable($"VARIATIONALBON_STRESS_{name}") ?? quick.ToString(CultureInfo.InvariantCulture);

    private static string FirstCore() =>
        File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith("Cpus_allowed_list:", StringComparison.Ordinal))
            .Split('\t')[1]
            .Split(['-', ','])[0];
}
