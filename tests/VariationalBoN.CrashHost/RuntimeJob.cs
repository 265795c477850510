using TorchSharp;
using VariationalBoN.Policies;

namespace VariationalBoN.CrashHost;

/// <summary>What <see cref="TorchRuntime"/> is told, in an order that belongs to a process: each step writes a line.</summary>
internal static class RuntimeJob
{
    public static int Run(string[] steps)
    {
        foreach (string step in steps)
            Console.WriteLine(Line(step));
        return 0;
    }

    private static string Line(string step)
    {
        try
        {
            return step switch
            {
                "fast" => Line(TorchRuntime.UseFastKernelsOnAmd()),
                "kept" => Line(TorchRuntime.KeepFreedMemory()),
                "tensor" => Product(),
                "identity" => Identity(),
                _ => throw new ArgumentException($"Unknown step: {step}"),
            };
        }
        catch (InvalidOperationException e)
        {
            return $"refused {e.Message}";
        }
    }

    private static string Line(RuntimeSetting setting) => $"{setting.IsInEffect} {setting}";

    /// <summary>A product of matrices of thirds: the sum of its bits tells one kernel from another.</summary>
    private static string Product()
    {
        using var scope = torch.NewDisposeScope();
        var values = torch.arange(64 * 768).to(torch.float32).div(3).sin().reshape(64, 768);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(values.mm(values.t()).contiguous().bytes));
    }

    private static string Identity()
    {
        using var module = torch.nn.Linear(2, 2);
        return ModuleFingerprint.Of(module).ToString();
    }
}
