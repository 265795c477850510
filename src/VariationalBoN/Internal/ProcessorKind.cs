using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace VariationalBoN.Internal;

/// <summary>What of a processor decides which kernels native libraries take. Stateless, thread-safe.</summary>
internal static class ProcessorKind
{
    private static readonly string[] s_overrides =
    [
        "ATEN_CPU_CAPABILITY",
        "MKL_CBWR",
        "MKL_ENABLE_INSTRUCTIONS",
        "ONEDNN_MAX_CPU_ISA",
        "DNNL_MAX_CPU_ISA",
    ];

    /// <summary>Architecture, maker, family, model and vector instructions.</summary>
    internal static string Text { get; } =
        X86Base.IsSupported ? OfX86() : $"{RuntimeInformation.ProcessArchitecture}{(Dp.IsSupported ? ", dot products" : "")}";

    /// <summary>Environment variables that make native libraries choose otherwise; empty for none.</summary>
    internal static string Overrides =>
        string.Join(
            ", ",
            s_overrides
                .Select(name => (Name: name, Value: Environment.GetEnvironmentVariable(name)))
                .Where(set => !string.IsNullOrEmpty(set.Value))
                .Select(set => $"{set.Name}={set.Value}")
        );

    private static string OfX86()
    {
        int signature = X86Base.CpuId(1, 0).Eax,
            family = (signature >> 8) & 15,
            model = ((signature >> 4) & 15) | ((signature >> 12) & 0xF0);
        family += family == 15 ? (signature >> 20) & 255 : 0;
        string[] sets =
        [
            .. new (string Name, bool Has)[] { ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-512", Avx512BW.IsSupported) }
                .Where(set => set.Has)
                .Select(set => set.Name),
        ];
        return $"{IntelKernels.Vendor()} {family}/{model}{string.Concat(sets.Select(set => $", {set}"))}";
    }
}
