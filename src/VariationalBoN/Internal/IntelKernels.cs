using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace VariationalBoN.Internal;

/// <summary>MKL, the library of libtorch's matrix products, asks <c>mkl_serv_intel_cpu_true</c> whether it may take its fast kernels: here
/// the answer is yes. Stateless; one call at a time.</summary>
internal static class IntelKernels
{
    private const string Function = "mkl_serv_intel_cpu_true",
        Amd = "AuthenticAMD",
        Intel = "GenuineIntel";

    /// <summary>Whether it is too late: libtorch is in the process.</summary>
    internal static bool IsTorchLoaded => Glibc.Fault() is null && Glibc.IsLoaded("libtorch_cpu.so");

    /// <summary>Whether MKL takes its fast kernels by itself here.</summary>
    internal static bool AreNative => X86Base.IsSupported && Vendor() == Intel;

    /// <summary>Why it is not for this machine; null where it is.</summary>
    internal static string? Fault() =>
        !OperatingSystem.IsLinux() ? "the system is not Linux"
        : RuntimeInformation.ProcessArchitecture != Architecture.X64 || !X86Base.IsSupported ? "the processor is not x64"
        : FaultOfProcessor(Vendor(), Avx2.IsSupported) ?? Glibc.Fault();

    /// <summary>Why it is not for a processor; null where it is.</summary>
    internal static string? FaultOfProcessor(string vendor, bool hasAvx2) =>
        vendor == Intel ? "the processor is Intel's, on which they are the fast ones"
        : vendor != Amd ? $"the processor is by {vendor} and not by {Amd}"
        : !hasAvx2 ? "the processor has no AVX2"
        : null;

    /// <summary>Defines the function before libtorch does.</summary>
    /// <returns>Null, or why it could not be.</returns>
    internal static string? Enable()
    {
        string place = Path.GetTempPath();
        DirectoryInfo? folder = null;
        try
        {
            folder = Directory.CreateTempSubdirectory("variationalbon-");
            string path = Path.Combine(folder.FullName, "mkl.so");
            File.WriteAllBytes(path, SharedObject.WithFunction(Function, [0xB8, 1, 0, 0, 0, 0xC3])); // mov eax, 1; ret
            if (Glibc.LoadGlobally(path) is string error)
                return $"code in the folder for temporary files, {place}, cannot be loaded ({error}); set TMPDIR to a folder that allows "
                    + $"execution";
            return Glibc.Find(Function) != 0 ? null : $"the loader does not find {Function}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"the folder for temporary files, {place}, cannot be written to ({e.Message.TrimEnd('.')}); set TMPDIR to another one";
        }
        finally
        {
            folder?.Delete(recursive: true);
        }
    }

    /// <summary>Who made the processor, as it says.</summary>
    internal static string Vendor()
    {
        (_, int b, int c, int d) = X86Base.CpuId(0, 0);
        ReadOnlySpan<int> letters = [b, d, c];
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(letters));
    }
}
