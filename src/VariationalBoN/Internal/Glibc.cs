using System.Runtime.InteropServices;
using System.Text;

namespace VariationalBoN.Internal;

/// <summary>What is asked of the GNU C library: global symbols, and how much freed memory it keeps. Stateless, thread-safe.</summary>
internal static class Glibc
{
    private const string Library = "libc.so.6";
    private const int Lazy = 1,
        Now = 2,
        OnlyIfLoaded = 4,
        Global = 0x100;
    private const int TrimThreshold = -1,
        MapThreshold = -3,
        MostMapped = -4;
    private const int LargestKept = 1 << 30;

    /// <summary>Why there is no glibc; null where there is.</summary>
    internal static string? Fault() =>
        !OperatingSystem.IsLinux() ? "the system is not Linux"
        : !NativeLibrary.TryLoad(Library, out nint library) || !NativeLibrary.TryGetExport(library, "gnu_get_libc_version", out _)
            ? "the C library is not glibc, but one such as musl"
        : !NativeLibrary.TryGetExport(library, "dlopen", out _) ? "glibc is older than 2.34"
        : null;

    /// <summary>Whether a shared object of a name is loaded.</summary>
    internal static bool IsLoaded(string name)
    {
        nint handle = Open(Text(name), Lazy | OnlyIfLoaded);
        if (handle != 0)
            _ = Close(handle);
        return handle != 0;
    }

    /// <summary>Loads a shared object for good, its symbols before those of all that is loaded later.</summary>
    /// <returns>Null, or what the loader said.</returns>
    internal static string? LoadGlobally(string path)
    {
        if (Open(Text(path), Now | Global) != 0)
            return null;
        return Marshal.PtrToStringUTF8(Error()) ?? "no reason given";
    }

    /// <summary>The address of a symbol as whatever is loaded next will find it; 0 where there is none.</summary>
    internal static nint Find(string symbol) => Symbol(0, Text(symbol));

    /// <summary>Keeps large blocks in the heap, and the heap at its size.</summary>
    /// <returns>Null, or why it cannot be.</returns>
    internal static string? KeepHeap()
    {
        if (Fault() is string fault)
            return fault;
        // Some versions allow no threshold above 32 MiB; without any mapped block there is none to give back.
        bool isKept = (Option(MapThreshold, LargestKept) != 0 || Option(MostMapped, 0) != 0) && Option(TrimThreshold, int.MaxValue) != 0;
        return isKept ? null : "glibc refuses it (mallopt)";
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text + '\0');

    [DllImport(Library, EntryPoint = "dlopen")]
    private static extern nint Open(byte[] path, int flags);

    [DllImport(Library, EntryPoint = "dlclose")]
    private static extern int Close(nint handle);

    [DllImport(Library, EntryPoint = "dlerror")]
    private static extern nint Error();

    [DllImport(Library, EntryPoint = "dlsym")]
    private static extern nint Symbol(nint handle, byte[] name);

    [DllImport(Library, EntryPoint = "mallopt")]
    private static extern int Option(int parameter, int value);
}
