using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace VariationalBoN.Transformers.Decoders;

/// <summary>
/// The element type that keys and values are cached in, and with it the kernel of a decoding step: fused attention over a cache of less than
/// 32 bits an element, plain products over any other. Stateless, thread-safe.
/// </summary>
/// <remarks>
/// Measured (docs/speed.md, <c>benchmarks -- step</c>): for one token a row, bfloat16 products of libtorch on the processor are fast where MKL
/// takes its own kernels for them, and then fused attention over a bfloat16 cache is the fastest way at every length. Elsewhere they are
/// several times slower than float32 ones, which are then the fastest, over a cache of twice the size. In float32 plain products are at least
/// as fast as fused attention everywhere. On another device nothing was measured; the cache has the type of the activations.
/// </remarks>
internal static class CacheType
{
    private static readonly bool s_fastBFloat16 = TorchRuntime.HasFastKernels && HasBFloat16();

    /// <summary>The type for activations of a type on a device.</summary>
    internal static ScalarType For(ScalarType activations, Device device) => For(activations, device.type, s_fastBFloat16);

    internal static ScalarType For(ScalarType activations, DeviceType device, bool fastBFloat16) =>
        device == DeviceType.CPU && activations == ScalarType.BFloat16 && !fastBFloat16 ? ScalarType.Float32 : activations;

    /// <summary>Whether the processor multiplies bfloat16 numbers by itself (AVX512_BF16).</summary>
    private static bool HasBFloat16() => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && X86Base.CpuId(7, 0).Eax >= 1
        && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;
}
