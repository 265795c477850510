using System.Runtime.InteropServices;

namespace VariationalBoN.Internal;

/// <summary>Reads a loader's error and says what to do about it. Stateless, thread-safe.</summary>
internal static class TorchLoadFailure
{
    private const string Missing =
        "The application contains no native Torch library that fits this system. Reference exactly one package in the application's own "
        + "project, "
        + "in the version of TorchSharp (0.107.0): TorchSharp-cpu, or for an NVIDIA GPU TorchSharp-cuda-linux or TorchSharp-cuda-windows. "
        + "Then build again.";

    private const string OldSystem =
        "A C or C++ runtime library of this system is too old for it: TorchSharp 0.107.0 needs glibc 2.34 and the libstdc++ of GCC 12 "
        + "(Debian 12, Ubuntu 22.04 or newer). Run on such a system or in a container of one. If this system is new enough and the error "
        + "names GLIBCXX_3.4.32, the build targets that come with VariationalBoN did not run: build the application as a project with the "
        + ".NET SDK (scripts and notebooks do not run them) and leave RelaxTorchSharpSymbolVersions unset.";

    private const string WindowsMismatch =
        "Windows found the library and refused it, which is the open problem dotnet/TorchSharp#1567 of TorchSharp 0.107.0 with libtorch "
        + "2.10.0. "
        + "Use Linux (WSL 2 or a container will do) until it is solved there.";

    private const string NotServed =
        "TorchSharp 0.107.0 has native libraries for linux-x64 (glibc, not musl), win-x64, win-arm64 and osx-arm64 alone. Run on one of "
        + "these.";

    /// <summary>The message for a load that failed.</summary>
    /// <param name="error">What the loader reported.</param>
    /// <param name="runtimeIdentifier">The system, such as <see cref="RuntimeInformation.RuntimeIdentifier"/>.</param>
    /// <returns>What is missing and what to do.</returns>
    public static string Explain(string error, string runtimeIdentifier)
    {
        string remedy =
            !IsServed(runtimeIdentifier) ? NotServed
            : NamesOldSystem(error) ? OldSystem
            : error.Contains("0x8007007F", StringComparison.OrdinalIgnoreCase) ? WindowsMismatch
            : Missing;
        return $"Torch's native library LibTorchSharp cannot be loaded on {runtimeIdentifier}, so no tensor can be made. {remedy} The "
            + $"loader's own error is the inner exception.";
    }

    // Distributions that build .NET themselves have identifiers of their own, such as fedora.42-x64.
    private static bool IsServed(string runtimeIdentifier) =>
        runtimeIdentifier is "win-arm64" or "osx-arm64"
        || (
            runtimeIdentifier.EndsWith("-x64", StringComparison.Ordinal)
            && !runtimeIdentifier.StartsWith("osx", StringComparison.Ordinal)
            && !runtimeIdentifier.Contains("musl", StringComparison.Ordinal)
            && !runtimeIdentifier.StartsWith("alpine", StringComparison.Ordinal)
        );

    // The dynamic linker writes: version `GLIBCXX_3.4.32' not found.
    private static bool NamesOldSystem(string error) =>
        error.Contains("GLIBCXX_", StringComparison.Ordinal)
        || error.Contains("GLIBC_", StringComparison.Ordinal)
        || error.Contains("CXXABI_", StringComparison.Ordinal);
}
