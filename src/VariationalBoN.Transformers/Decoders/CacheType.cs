using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// The element type that keys and values are cached in, and with it the kernel of a decoding step: fused attention over a cache of less
/// than 32 bits an element, plain products over any other. Stateless, thread-safe.
/// </summary>
/// <remarks>
/// Measured by <c>benchmarks -- step</c>: for one token a row, plain products over a float32 cache are the fastest way on a processor, or
/// as fast as any, but for one case: on a single thread of libtorch, where MKL takes its own kernels for bfloat16, fused attention over a
/// bfloat16 cache is faster, at 256 columns by 1.7 times. With two threads the same kernel takes up to four times as long as with one. On
/// another device nothing was measured; the cache has the type of the activations.
/// </remarks>
internal static class CacheType
{
    private static readonly bool s_fastBFloat16 = TorchRuntime.HasFastKernels && HasBFloat16();

    /// <summary>The type for activations of a type on a device.</summary>
    internal static ScalarType For(ScalarType activations, Device device) =>
        For(activations, device.type, s_fastBFloat16 && get_num_threads() == 1);

    internal static ScalarType For(ScalarType activations, DeviceType device, bool fastBFloat16) =>
        device == DeviceType.CPU && activations == ScalarType.BFloat16 && !fastBFloat16 ? ScalarType.Float32 : activations;

    /// <summary>Whether the processor multiplies bfloat16 numbers by itself (AVX512_BF16).</summary>
    private static bool HasBFloat16() =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;
}
