using System.CommandLine;
using VariationalBoN;

namespace SampleHosting;

/// <summary>Settings that make libtorch faster, on in every sample unless <c>--plain-runtime</c> is given. Stateless.</summary>
public static class FastRuntime
{
    /// <summary><c>--plain-runtime</c>: libtorch without the settings of this class.</summary>
    public static Option<bool> Plain() =>
        new("--plain-runtime")
        {
            Description = "Keep libtorch's own kernels (on AMD processors) and memory handling: slower, other last digits of results.",
        };

    /// <summary>
    /// Asks for fast kernels and kept memory where the machine has them, before anything of TorchSharp;
    /// in a process that has loaded libtorch already, such as one of tests, it does nothing.
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
