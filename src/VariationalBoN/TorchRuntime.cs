using System.Reflection;
using System.Runtime.InteropServices;
using VariationalBoN.Internal;

namespace VariationalBoN;

/// <summary>Loads TorchSharp's native library, with one readable exception when that fails, and sets what makes it faster.</summary>
/// <remarks>
/// TorchSharp itself answers a failed load by copying half a gigabyte of libraries next to the application and trying again, and throws
/// from a type initializer. Loading twice is harmless, so no lock is needed: thread-safe.
/// </remarks>
public static partial class TorchRuntime
{
    private static volatile bool s_loaded;

    /// <summary>Makes sure that tensors can be made; after the first success it costs one read of a field.</summary>
    /// <exception cref="TorchRuntimeException">The native library cannot be loaded.</exception>
    public static void Require()
    {
        if (!s_loaded)
        {
            Require(Load);
            s_loaded = true;
        }
    }

    /// <summary>
    /// Calls <see cref="Require()"/> in the middle of an expression,
    /// such as the argument of a base constructor that loads the library itself.
    /// </summary>
    /// <param name="value">Any value.</param>
    /// <returns><paramref name="value"/>.</returns>
    /// <exception cref="TorchRuntimeException">The native library cannot be loaded.</exception>
    internal static T RequireBefore<T>(T value)
    {
        Require();
        return value;
    }

    /// <summary>Runs a load and turns its failure into the exception that callers see.</summary>
    /// <param name="load">Loads the library or throws what
    /// <see cref="NativeLibrary.Load(string, Assembly, DllImportSearchPath?)"/> throws.</param>
    /// <exception cref="TorchRuntimeException">The load failed.</exception>
    internal static void Require(Action load)
    {
        try
        {
            load();
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException or FileNotFoundException)
        {
            throw new TorchRuntimeException(TorchLoadFailure.Explain(e.Message, RuntimeInformation.RuntimeIdentifier), e);
        }
    }

    // libtorch first, as TorchSharp does: where the two lie in different folders, the second finds the first already loaded.
    private static void Load()
    {
        Assembly torchSharp = typeof(TorchSharp.torch).Assembly;
        NativeLibrary.TryLoad("torch_cpu", torchSharp, null, out _);
        NativeLibrary.Load("LibTorchSharp", torchSharp, null);
    }
}
