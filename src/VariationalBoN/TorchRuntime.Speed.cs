using VariationalBoN.Internal;

namespace VariationalBoN;

public static partial class TorchRuntime
{
    private static readonly Lock s_lock = new();
    private static volatile RuntimeSetting? s_kernels;

    /// <summary>What identities and checkpoints say of the kernels; null for those that libtorch takes by itself.</summary>
    internal static string? Kernels => s_kernels?.IsInEffect == true ? "MKL as on Intel" : null;

    /// <summary>Whether the products of libtorch take the fast kernels, by themselves or by <see cref="UseFastKernelsOnAmd"/>.</summary>
    internal static bool HasFastKernels => Kernels is not null || IntelKernels.AreNative;

    /// <summary>Whether libtorch is in the process, so that <see cref="UseFastKernelsOnAmd"/> comes too late.</summary>
    public static bool IsLoaded => s_loaded || IntelKernels.IsTorchLoaded;

    /// <summary>
    /// Makes the matrix products of libtorch (MKL) take the kernels for AVX2 and AVX-512 on an AMD processor, too;
    /// by itself it takes them on processors of Intel alone.
    /// </summary>
    /// <remarks>
    /// Float32 products, so drawing, scoring and training, become up to twice as fast. Their rounding differs, so that results differ in
    /// their last digits from those of a process without it: <see cref="Policies.ModuleFingerprint"/> and checkpoints name it, and a store
    /// or a run must be continued with the setting that it was begun with. It works by a function that MKL asks for, which a shared object
    /// of 4,192 bytes defines before libtorch does; the object is written to the folder for temporary files, loaded and removed, and
    /// nothing of libtorch is changed. For the whole process, from the program's <c>Main</c>, before anything of TorchSharp. Thread-safe.
    /// </remarks>
    /// <returns>
    /// Whether it is in effect; if not, why: another system than Linux x64 with glibc, another processor than AMD's, one without AVX2, or a
    /// folder for temporary files that forbids execution.
    /// </returns>
    /// <exception cref="InvalidOperationException">libtorch is loaded already, and takes its own kernels from then on.</exception>
    public static RuntimeSetting UseFastKernelsOnAmd()
    {
        lock (s_lock)
        {
            if (s_kernels?.IsInEffect == true)
                return s_kernels;
            if (IsLoaded)
            {
                throw new InvalidOperationException(
                    $"libtorch is loaded already, so that its kernels are chosen. Call {nameof(TorchRuntime)}."
                        + $"{nameof(UseFastKernelsOnAmd)} at the beginning of the program, before the first tensor, module or policy."
                );
            }

            string? fault = IntelKernels.Fault() ?? IntelKernels.Enable();
            return s_kernels = new RuntimeSetting(
                fault is null,
                fault is null
                    ? "The matrix products of libtorch use the kernels for AVX2 and AVX-512."
                    : $"libtorch uses its default kernels: {fault}."
            );
        }
    }

    /// <summary>Makes glibc keep the memory that tensors give back, instead of returning it to the system and fetching it again.</summary>
    /// <remarks>
    /// Each page that is fetched again costs 7 to 20 microseconds on a virtual machine, and a training step fetches hundreds of thousands.
    /// Blocks of up to 1 GiB are kept in the heap and up to 2 GiB of it at its end stay (<c>mallopt</c>): the process needs about a quarter
    /// more memory. Not for models of more than some 0.5 GiB: there it was seen to need twice the memory or more, and to save no time. No
    /// number changes. For the whole process and all its native libraries; best before the first tensor. It is what
    /// MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ do from outside. Thread-safe.
    /// </remarks>
    /// <returns>Whether it is in effect; if not, why: another system than Linux with glibc.</returns>
    public static RuntimeSetting KeepFreedMemory()
    {
        string? fault = Glibc.KeepHeap();
        return new RuntimeSetting(
            fault is null,
            fault is null
                ? "The memory of freed tensors is kept for later ones."
                : $"The C library returns freed memory to the system as usual: {fault}."
        );
    }
}
