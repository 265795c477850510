using System.Diagnostics;

namespace VariationalBoN.Tests.Training;

/// <summary>Starts a job of the crash host and kills it, as a machine that dies does.</summary>
internal static class KilledProcess
{
    private static readonly string s_host = Path.Combine(AppContext.BaseDirectory, "VariationalBoN.CrashHost.dll");

    /// <summary>How many kills the crash tests make; the environment variable asks for more than a quick test does.</summary>
    public static int Points(int quick) =>
        Environment.GetEnvironmentVariable("VARIATIONALBON_CRASH_POINTS") is string points
            ? int.Parse(points, System.Globalization.CultureInfo.InvariantCulture)
            : quick;

    /// <summary>Runs a job to its end.</summary>
    public static void Run(params string[] arguments) => Output(arguments);

    /// <summary>Runs a job to its end and returns what it wrote.</summary>
    public static string Output(params string[] arguments) => Output([], arguments);

    /// <summary>Runs a job to its end under environment variables and returns what it wrote.</summary>
    public static string Output(Dictionary<string, string> environment, params string[] arguments)
    {
        using Process process = Start(arguments, redirectInput: false, environment);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }

    /// <summary>Runs a job that may write files of so many KiB at most, as on a disk that is full.</summary>
    /// <returns>What it said when it failed.</returns>
    public static string RunWithFileLimit(int kibibytes, params string[] arguments)
    {
        string command = $"trap '' XFSZ; ulimit -f {kibibytes}; exec \"$@\"";
        var start = new ProcessStartInfo("bash", ["-c", command, "bash", "dotnet", s_host, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // which makes a large file of its own
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.NotEqual(0, process.ExitCode);
        return errors.Result;
    }

    /// <summary>Starts a job and kills it when something was done beside it.</summary>
    public static void RunAndKillAfter(Action action, params string[] arguments)
    {
        using Process process = Start(arguments, redirectInput: true);
        Assert.NotNull(process.StandardOutput.ReadLine());
        try
        {
            action();
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    /// <summary>Runs a job and kills it (SIGKILL) some microseconds after it has written so many lines.</summary>
    /// <returns>Whether it was killed; false when it ended before.</returns>
    public static bool RunAndKill(int lines, int microseconds, params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        for (int i = 0; i < lines && process.StandardOutput.ReadLine() is not null; i++) { }

        var clock = Stopwatch.StartNew();
        SpinWait.SpinUntil(() => clock.Elapsed.TotalMicroseconds >= microseconds);
        process.Kill();
        process.WaitForExit();
        if (process.ExitCode == 0)
            return false;
        Assert.True(process.ExitCode == 137, errors.Result); // 128 + SIGKILL
        return true;
    }

    private static Process Start(string[] arguments, bool redirectInput = false, Dictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo("dotnet", [s_host, .. arguments])
        {
            RedirectStandardInput = redirectInput,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? [])
            start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
