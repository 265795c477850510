using System.Diagnostics;

namespace VariationalBoN.Benchmarks;

/// <summary>A program of this repository that runs beside this one, as a user starts it. Not thread-safe.</summary>
internal sealed class ChildProgram : IDisposable
{
    private const double Gibibyte = 1L << 30;
    private readonly Process _process;
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    private ChildProgram(Process process) => _process = process;

    /// <summary>Processor seconds so far, seconds on the clock, and the most memory in GiB: of a program that still runs.</summary>
    internal (Stint Time, double PeakGibibytes) Taken
    {
        get
        {
            _process.Refresh();
            return (new Stint(_process.TotalProcessorTime.TotalSeconds, _clock.Elapsed.TotalSeconds), _process.PeakWorkingSet64 / Gibibyte);
        }
    }

    /// <summary>Builds a project in Release and returns what was built.</summary>
    /// <param name="project">Its folder, from the root of the repository.</param>
    /// <param name="built">Whether it is built already.</param>
    /// <exception cref="InvalidOperationException">It cannot be built; what it says stands above.</exception>
    internal static async Task<string> BuildAsync(string project, bool built)
    {
        string folder = Path.Combine(Root(), project);
        if (!built)
        {
            using var build = Start("build", folder, "-c", "Release", "-v", "quiet", "--tl:off");
            await build.FinishAsync();
        }

        using var asked = Start("msbuild", folder, "-p:Configuration=Release", "-getProperty:TargetPath"); // which builds nothing
        return (await asked._process.StandardOutput.ReadToEndAsync()).Trim();
    }

    /// <summary>Starts what <c>dotnet</c> is told to.</summary>
    /// <param name="arguments">Its arguments.</param>
    internal static ChildProgram Start(params string[] arguments) =>
        new(Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!);

    /// <summary>Passes on what the program says until its end.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    internal async Task FinishAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is string line)
            Console.WriteLine(line);
        await _process.WaitForExitAsync();
        if (_process.ExitCode != 0)
            throw new InvalidOperationException($"The program ended with code {_process.ExitCode}; its reason stands above.");
    }

    /// <summary>Passes on what the program says until a line begins with some words.</summary>
    /// <returns>That line.</returns>
    /// <exception cref="InvalidOperationException">It ended before.</exception>
    internal async Task<string> WaitForAsync(string beginning)
    {
        while (await _process.StandardOutput.ReadLineAsync() is string line)
        {
            Console.WriteLine(line);
            if (line.StartsWith(beginning, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException($"The program ended before it said \"{beginning}\"; its reason stands above.");
    }

    /// <summary>Ends the program where it still runs.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static string Root()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "VariationalBoN.sln")))
                return folder;
        }

        throw new InvalidOperationException($"{AppContext.BaseDirectory} is in no clone of the repository, whose samples are run.");
    }
}
