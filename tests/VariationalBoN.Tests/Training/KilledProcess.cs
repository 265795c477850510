using System.Diagnostics;

namespace VariationalBoN.Tests.Training;

/// <summary>Starts a job of the crash host and kills it, as a machine that dies does.</summary>
internal static class KilledProcess
{
    /// <summary>How many kills the crash tests make; the environment variable asks for more than a quick test does.</summary>
    public static int Points(int quick) =>
        Environment.GetEnvironmentVariable("VARIATIONALBON_CRASH_POINTS") is string points ? int.Parse(points, System.Globalization.CultureInfo.InvariantCulture) : quick;

    /// <summary>Runs a job to its end.</summary>
    public static void Run(params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
    }

    /// <summary>Runs a job and kills it (SIGKILL) some microseconds after it has written so many lines.</summary>
    /// <returns>Whether it was killed; false when it ended before.</returns>
    public static bool RunAndKill(int lines, int microseconds, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        for (int i = 0; i < lines && process.StandardOutput.ReadLine() is not null; i++)
        {
        }

        var clock = Stopwatch.StartNew();
        SpinWait.SpinUntil(() => clock.Elapsed.TotalMicroseconds >= microseconds);
        process.Kill();
        process.WaitForExit();
        if (process.ExitCode == 0)
            return false;
        Assert.True(process.ExitCode == 137, errors.Result); // 128 + SIGKILL
        return true;
    }

    private static Process Start(string[] arguments)
    {
        string host = Path.Combine(AppContext.BaseDirectory, "VariationalBoN.CrashHost.dll");
        return Process.Start(new ProcessStartInfo("dotnet", [host, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
    }
}
