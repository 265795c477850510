using System.Runtime.InteropServices;
using TorchSharp;

namespace VariationalBoN.Cuda;

/// <summary>Picks and checks an NVIDIA GPU. Stateless, thread-safe.</summary>
/// <remarks>
/// Call it before any other tensor code: libtorch decides once per process whether there is CUDA.
/// Written for CUDA 12.8, which TorchSharp 0.107.0 is built with.
/// </remarks>
public static class CudaDevice
{
    /// <summary>Whether at least one GPU can be used: CUDA libraries in the application, a driver and a device in the machine.</summary>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded at all.</exception>
    public static bool IsAvailable
    {
        get
        {
            TorchRuntime.Require();
            return torch.cuda.is_available();
        }
    }

    /// <summary>The GPU with an index, ready to use.</summary>
    /// <param name="index">0 to the number of GPUs - 1, in the order of the driver (CUDA_VISIBLE_DEVICES).</param>
    /// <returns>The device.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is negative.</exception>
    /// <exception cref="TorchRuntimeException">CUDA libraries, driver or GPU are missing;
    /// the message says which and what to install.</exception>
    public static torch.Device Require(int index = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        int devices = IsAvailable ? torch.cuda.device_count() : 0;
        if (index < devices)
            return torch.device(DeviceType.CUDA, index);
        bool hasLibraries = devices > 0 || NativeLibrary.TryLoad("torch_cuda", typeof(torch).Assembly, null, out _);
        throw new TorchRuntimeException(Explain(index, devices, hasLibraries));
    }

    internal static string Explain(int index, int devices, bool hasLibraries) =>
        devices > 0
            ? $"There is no GPU {index}: this machine has {devices}, numbered from 0. Ask for a smaller index or look at "
                + $"CUDA_VISIBLE_DEVICES."
        : hasLibraries
            ? "The CUDA libraries are in the application, but no GPU answers. Needed are an NVIDIA GPU and its driver (one that supports "
                + "CUDA 12.8; "
                + "the CUDA toolkit is not needed). Check with nvidia-smi, and that CUDA_VISIBLE_DEVICES hides nothing."
        : "The application has no CUDA libraries. In its own project replace TorchSharp-cpu by TorchSharp-cuda-linux on Linux or "
            + "TorchSharp-cuda-windows on Windows, "
            + "in the version of TorchSharp (0.107.0), and build again. Besides them only the NVIDIA driver is needed.";
}
