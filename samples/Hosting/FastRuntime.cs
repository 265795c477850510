using System.CommandLine;
using VariationalBoN;

namespace SampleHosting;

/// <summary>Settings that make libtorch faster, on in every sample unless <c>--plain-runtime</c> is given. Stateless.</summary>
public static class FastRuntime
{
    /// <summary>Bytes of weights up to which freed memory is kept: beyond it saves no time that can be seen, and costs twice the memory
    /// or more (docs/speed.md, Kept memory).</summary>
    private const long MostKeptWeights = 1L << 29;

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
    /// <param name="model">Directory of the model, where there is one.</param>
    public static void Begin(bool plain, string? model = null)
    {
        if (plain || TorchRuntime.IsLoaded)
            return;
        TorchRuntime.UseFastKernelsOnAmd();
        if (KeepsMemory(model))
            TorchRuntime.KeepFreedMemory();
    }

    /// <summary>Whether the files of a model's directory, links followed, have at most 0.5 GiB; true where there is none.</summary>
    public static bool KeepsMemory(string? model) =>
        !Directory.Exists(model)
        || new DirectoryInfo(model).EnumerateFiles().Sum(file => (file.ResolveLinkTarget(true) as FileInfo ?? file).Length)
            <= MostKeptWeights;
}
