namespace VariationalBoN.Internal;

/// <summary>A file that another process, or another handle of this one, holds open for itself. Stateless, thread-safe.</summary>
internal static class SharingViolation
{
    private const int WindowsSharing = unchecked((int)0x80070020),
        WindowsLock = unchecked((int)0x80070021),
        LinuxWouldBlock = 11,
        MacWouldBlock = 35;

    /// <summary>Whether that is why a file could not be opened, and not a disk that fails or a path that cannot be.</summary>
    public static bool Is(IOException e) => e.HResult is WindowsSharing or WindowsLock or LinuxWouldBlock or MacWouldBlock;
}
