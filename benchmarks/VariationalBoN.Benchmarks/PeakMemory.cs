using System.Diagnostics;
using System.Globalization;

namespace VariationalBoN.Benchmarks;

/// <summary>The most memory that the process has held.</summary>
internal static class PeakMemory
{
    /// <summary>Linux tells the most that the process has ever held; elsewhere the most that .NET saw counts.</summary>
    public static double Gibibytes()
    {
        using var process = Process.GetCurrentProcess();
        double bytes = File.Exists("/proc/self/status")
            ? double.Parse(
                File.ReadLines("/proc/self/status")
                    .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture
            ) * 1024
            : process.PeakWorkingSet64;
        return bytes / (1L << 30);
    }
}
