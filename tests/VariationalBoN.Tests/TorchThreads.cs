using System.Runtime.CompilerServices;
using TorchSharp;

namespace VariationalBoN.Tests;

/// <summary>
/// The one place where this program sets libtorch's threads: tests run side by side, so each takes one. With
/// VARIATIONALBON_FAST_KERNELS=1 all of them run with the fast kernels, where the processor is AMD's.
/// </summary>
internal static class TorchThreads
{
    /// <summary>Whether this run asks for the fast kernels.</summary>
    internal static bool AsksForFastKernels { get; } = Environment.GetEnvironmentVariable("VARIATIONALBON_FAST_KERNELS") == "1";

    [ModuleInitializer]
    internal static void UseOne()
    {
        if (AsksForFastKernels)
            TorchRuntime.UseFastKernelsOnAmd();
        torch.set_num_threads(1);
    }
}
