using System.Runtime.InteropServices;

namespace VariationalBoN.Benchmarks;

/// <summary>What a measurement ran on.</summary>
internal static class ProcessorName
{
    /// <summary>The name that the system tells, and whether the processor multiplies bfloat16 numbers by itself.</summary>
    internal static string Value =>
        File.Exists("/proc/cpuinfo")
            ? $"{Line("model name")} (family {Line("cpu family")}, model {Line("model")}, "
                + $"{(Line("flags").Contains("avx512_bf16", StringComparison.Ordinal) ? "with" : "without")} native bfloat16)"
            : $"{RuntimeInformation.ProcessArchitecture}";

    private static string Line(string key) =>
        File.ReadLines("/proc/cpuinfo").Select(line => line.Split(':', 2)).FirstOrDefault(parts => parts[0].Trim() == key)?[^1].Trim()
        ?? "unknown";
}
