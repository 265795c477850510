using System.Security.Cryptography;
using TorchSharp;
using TorchSharp.Modules;
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

    /// <summary>A product of matrices, whose bits tell one kernel from another.</summary>
    private static string Product()
    {
        using var scope = torch.NewDisposeScope();
        float[] sines = [.. Enumerable.Range(0, 64 * 768).Select(i => MathF.Sin(i / 3f))];
        var values = torch.tensor(sines, [64, 768]);
        return Convert.ToHexString(SHA256.HashData(values.mm(values.t()).contiguous().bytes));
    }

    private static string Identity()
    {
        using var module = new OneWeight();
        return ModuleFingerprint.Of(module).ToString();
    }

    private sealed class OneWeight : torch.nn.Module
    {
        public OneWeight()
            : base(nameof(OneWeight)) => register_parameter("weight", new Parameter(torch.tensor([1f])));
    }
}
