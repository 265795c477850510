using System.Globalization;
using TorchSharp;
using VariationalBoN.Cuda;

namespace AlignHuggingFace;

/// <summary>The device that --device names. Stateless.</summary>
internal static class Device
{
    /// <summary>The CPU, or a GPU that is there.</summary>
    /// <param name="name">cpu, cuda or cuda:index.</param>
    /// <exception cref="VariationalBoN.TorchRuntimeException">There is no such GPU; the message says what to install.</exception>
    public static torch.Device Parse(string name) => name == "cpu"
        ? torch.CPU
        : CudaDevice.Require(name.Contains(':', StringComparison.Ordinal) ? int.Parse(name.AsSpan(name.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture) : 0);
}
