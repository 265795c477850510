using System.Runtime.CompilerServices;
using TorchSharp;

namespace AlignHuggingFace.Tests;

/// <summary>
/// The one place where this program sets libtorch's threads, before any thread of the pool has begun to compute: libtorch keeps their
/// number for each thread, and sums that are cut otherwise differ in their last bits.
/// </summary>
internal static class TorchThreads
{
    [ModuleInitializer]
    internal static void UseOne() => torch.set_num_threads(1);
}
