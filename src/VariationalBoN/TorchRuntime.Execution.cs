using System.Runtime.InteropServices;
using TorchSharp;
using VariationalBoN.Internal;

namespace VariationalBoN;

public static partial class TorchRuntime
{
    /// <summary>
    /// What the last bits of a result on the CPU depend on besides models, settings and seeds: the version of this library and of
    /// TorchSharp, libtorch's threads, the kind of kernels, the kind of processor and the system.
    /// </summary>
    /// <remarks>
    /// Where it is equal, equal <see cref="References.DrawBlock"/>s have equal bits. It is read at
    /// the time of the call: <c>torch.set_num_threads</c> changes it, so call that first. Models
    /// on a GPU depend on the device and its libraries, too, which it does not name. Thread-safe.
    /// </remarks>
    /// <exception cref="TorchRuntimeException">The native library cannot be loaded.</exception>
    public static ModelIdentity Execution
    {
        get
        {
            Require();
            return new ModelIdentity(
                "execution",
                ("library", LibraryVersion.Text),
                ("TorchSharp", LibraryVersion.Of(typeof(torch).Assembly)),
                ("threads", torch.get_num_threads()),
                (
                    "kernels",
                    string.Join(", ", new[] { Kernels ?? "libtorch's own", ProcessorKind.Overrides }.Where(part => part.Length > 0))
                ),
                ("processor", ProcessorKind.Text),
                ("system", $"{RuntimeInformation.RuntimeIdentifier}")
            );
        }
    }
}
