using System.CommandLine;
using VariationalBoN;

namespace SampleHosting;

/// <summary>What makes libtorch faster than it is by itself, on in every sample unless its user says otherwise. Stateless.</summary>
public static class FastRuntime
{
    /// <summary><c>--plain-runtime</c>: as if this class were not.</summary>
    public static Option<bool> Plain() =>
        new("--plain-runtime")
        {
            Description = "Keep libtorch's own kernels (on AMD processors) and memory handling: slower, other last digits of results.",
        };

    /// <summary>
    /// Asks for fast kernels and kept memory where the machine has them, before anything of TorchSharp; in a process that has loaded
    /// libtorch already, such as one of tests, for nothing.
    /// </summary>
    /// <param name="plain">Whether <see cref="Plain"/> was given, so that nothing is asked for.</param>
    public static void Begin(bool plain)
    {
        if (plain || TorchRuntime.IsLoaded)
            return;
        TorchRuntime.UseFastKernelsOnAmd();
        TorchRuntime.KeepFreedMemory();
    }
}
