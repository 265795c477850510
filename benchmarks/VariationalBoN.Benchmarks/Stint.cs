using System.Diagnostics;

namespace VariationalBoN.Benchmarks;

/// <summary>What a piece of work took: processor seconds of the process,
/// which other programs disturb less, and seconds on the clock.</summary>
internal readonly record struct Stint(double Processor, double Clock)
{
    internal static Stint Of(Action work)
    {
        double before = Seconds();
        var clock = Stopwatch.StartNew();
        work();
        return new Stint(Seconds() - before, clock.Elapsed.TotalSeconds);
    }

    internal static async Task<Stint> OfAsync(Func<Task> work)
    {
        double before = Seconds();
        var clock = Stopwatch.StartNew();
        await work();
        return new Stint(Seconds() - before, clock.Elapsed.TotalSeconds);
    }

    private static double Seconds()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }
}
