using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace VariationalBoN.Internal;

/// <summary>
/// What must outlive a power failure, in one place: flushes whose failure is told, and renames. .NET passes over some errors of a flush to
/// disk on Unix and has no flush of a folder, so both go to the C library there. Stateless, thread-safe.
/// </summary>
internal static class Disk
{
    private const int Interrupted = 4,
        NoAccess = 13; // EINTR, EACCES: the same on Linux and macOS
    private const int LinuxCloseOnExec = 0x80000,
        MacCloseOnExec = 0x1000000; // O_CLOEXEC; O_RDONLY is 0

    /// <summary>What a file system says that has no flush of a folder: EBADF, EINVAL, ENOSYS, ENOTSUP and EOPNOTSUPP.</summary>
    private static readonly int[] s_unsupported = OperatingSystem.IsLinux() ? [9, 22, 38, 95] : [9, 22, 78, 45, 102];

    private static readonly Lazy<SyncCall> s_sync = new(() => Function<SyncCall>("fsync"));
    private static readonly Lazy<OpenCall> s_open = new(() => Function<OpenCall>("open"));

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true)]
    private delegate int SyncCall(SafeHandle file);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl, SetLastError = true)]
    private delegate int OpenCall([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    /// <summary>
    /// Is told of each step before it is taken on this thread: what a step is, and its path.
    /// Tests look at what a kill there leaves, or fail it; null otherwise.
    /// </summary>
    [field: ThreadStatic]
    internal static Action<string, string>? Before { get; set; }

    /// <summary>Brings all that was written to a file to the disk.</summary>
    /// <exception cref="IOException">It is not there; the message names the file.</exception>
    public static void Flush(FileStream file)
    {
        file.Flush();
        Before?.Invoke("flush", file.Name);
        if (!OperatingSystem.IsWindows())
            Sync(file.SafeFileHandle, file.Name);
        if (!OperatingSystem.IsLinux())
            file.Flush(flushToDisk: true); // macOS: through the cache of the disk, too
    }

    /// <summary>Brings the names in a folder to the disk: what was made, renamed or deleted in it.</summary>
    /// <exception cref="IOException">They are not there; the message names the folder.</exception>
    public static void FlushFolder(string path)
    {
        Before?.Invoke("flush folder", path);
        if (OperatingSystem.IsWindows())
            return; // renames are kept by the journal of the file system
        int flags =
            OperatingSystem.IsLinux() ? LinuxCloseOnExec
            : OperatingSystem.IsMacOS() ? MacCloseOnExec
            : 0;
        int descriptor,
            error;
        do
        {
            descriptor = s_open.Value(path, flags);
            error = Marshal.GetLastPInvokeError();
        } while (descriptor < 0 && error == Interrupted);
        using var folder = new SafeFileHandle(descriptor, ownsHandle: true);
        if (descriptor >= 0)
            Sync(folder, path, acceptUnsupported: true);
        else if (error != NoAccess) // a folder that may be written and not read cannot be flushed
            throw NotOnDisk(path, error);
    }

    /// <summary>Makes a folder, and those that it is in.</summary>
    /// <exception cref="IOException">It could not be made.</exception>
    public static void CreateFolder(string path)
    {
        if (Directory.Exists(path))
            return;
        string? parent = Path.GetDirectoryName(path);
        if (parent is not null)
            CreateFolder(parent);
        Before?.Invoke("create", path);
        Directory.CreateDirectory(path);
        if (parent is not null)
            FlushFolder(parent);
    }

    /// <summary>Gives a file another name in its file system; what has that name goes.</summary>
    /// <exception cref="IOException">It could not be renamed.</exception>
    public static void Rename(string from, string to)
    {
        Before?.Invoke("rename", to);
        File.Move(from, to, overwrite: true);
    }

    /// <summary>Gives a folder another name, which nothing has.</summary>
    /// <exception cref="IOException">It could not be renamed.</exception>
    public static void RenameFolder(string from, string to)
    {
        Before?.Invoke("rename folder", to);
        Directory.Move(from, to);
    }

    /// <summary>Deletes a file or a folder with all that is in it, if it is there and can be: for what is worth nothing any more.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // the next save takes it away; an error here would stand in the place of the one that matters
        }
    }

    private static void Sync(SafeHandle file, string path, bool acceptUnsupported = false)
    {
        int error = 0;
        do
        {
            if (s_sync.Value(file) == 0)
                return;
            error = Marshal.GetLastPInvokeError();
        } while (error == Interrupted);
        if (!acceptUnsupported || !s_unsupported.Contains(error))
            throw NotOnDisk(path, error);
    }

    private static IOException NotOnDisk(string path, int error) =>
        new(
            $"{path} could not be brought to the disk: {Marshal.GetPInvokeErrorMessage(error)} (error {error}). Do not trust what was "
                + "written there; look at the disk, make room, and save again, or save elsewhere."
        );

    /// <summary>A function of the C library as the whole process sees it, so that tools that stand before it see the call.</summary>
    private static T Function<T>(string name)
        where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), name));
}
