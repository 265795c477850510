using System.Runtime.CompilerServices;
using TorchSharp;

namespace SentimentControl.Tests;

/// <summary>The one place where this program sets libtorch's threads: tests run side by side, so each takes one.</summary>
internal static class TorchThreads
{
    [ModuleInitializer]
    internal static void UseOne() => torch.set_num_threads(1);
}
