using System.Runtime.InteropServices;

namespace VariationalBoN.Tests.References;

/// <summary>
/// A file system for SQLite, over its own, that fails on demand and keeps a list of what was done:
/// for disks that are full, that fail, or that lose power.
/// </summary>
/// <remarks>
/// A copy of SQLite's table of functions with a few of them replaced, so that a machine needs no compiler. Not thread-safe.
/// </remarks>
internal sealed class StoreDisk : IDisposable
{
    /// <summary>Codes of SQLite.</summary>
    public const int Full = 13,
        IoErrorWrite = 778,
        IoErrorSync = 1034;

    private const int VfsSize = 168,
        VfsName = 24,
        VfsNext = 16,
        VfsOpen = 40,
        VfsDelete = 48;
    private const int MethodsSize = 152,
        Write = 24,
        Truncate = 32,
        Sync = 40;
    private const string Library = "e_sqlite3";
    private static int s_count;
    private readonly nint _original = sqlite3_vfs_find(0),
        _vfs = Marshal.AllocHGlobal(VfsSize);
    private readonly Dictionary<nint, nint> _methods = []; // of SQLite, and their replacements
    private readonly Dictionary<nint, string> _names = [];
    private readonly List<Delegate> _held = [];
    private readonly OpenFile _open;
    private readonly DeleteFile _delete;

    public StoreDisk()
    {
        Name = $"vbon-disk-{Interlocked.Increment(ref s_count)}";
        Copy(_original, _vfs, VfsSize);
        (_open, _delete) = (Original<OpenFile>(_original, VfsOpen), Original<DeleteFile>(_original, VfsDelete));
        Marshal.WriteIntPtr(_vfs, VfsNext, 0);
        Marshal.WriteIntPtr(_vfs, VfsName, Marshal.StringToCoTaskMemUTF8(Name));
        Replace<OpenFile>(_vfs, VfsOpen, OnOpen);
        Replace<DeleteFile>(_vfs, VfsDelete, OnDelete);
        Assert.Equal(0, sqlite3_vfs_register(_vfs, 0));
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int OpenFile(nint vfs, nint name, nint file, int flags, nint outFlags);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int DeleteFile(nint vfs, nint name, int syncFolder);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int WriteFile(nint file, nint bytes, int count, long offset);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int TruncateFile(nint file, long length);

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate int SyncFile(nint file, int flags);

    /// <summary>What SQLite opens a file with: <c>vfs=</c>.</summary>
    public string Name { get; }

    /// <summary>What was done, in order.</summary>
    public List<StoreDiskOperation> Done { get; } = [];

    /// <summary>The code that an operation fails with; 0 lets it be.</summary>
    public Func<StoreDiskOperation, int> Fault { get; set; } = _ => 0;

    public void Dispose()
    {
        Assert.Equal(0, sqlite3_vfs_unregister(_vfs));
        Marshal.FreeCoTaskMem(Marshal.ReadIntPtr(_vfs, VfsName));
        Marshal.FreeHGlobal(_vfs);
        foreach (nint methods in _methods.Values)
            Marshal.FreeHGlobal(methods);
    }

    private int OnOpen(nint vfs, nint name, nint file, int flags, nint outFlags)
    {
        string path = Marshal.PtrToStringUTF8(name) ?? "";
        bool isNew = !File.Exists(path);
        int result = _open(_original, name, file, flags, outFlags);
        nint methods = result == 0 ? Marshal.ReadIntPtr(file) : 0;
        if (methods == 0)
            return result;
        _names[file] = path;
        if (isNew)
            Done.Add(new(StoreDiskAction.Make, path));
        if (!_methods.TryGetValue(methods, out nint replaced))
        {
            _methods[methods] = replaced = Marshal.AllocHGlobal(MethodsSize);
            Copy(methods, replaced, MethodsSize);
            var write = Original<WriteFile>(methods, Write);
            var truncate = Original<TruncateFile>(methods, Truncate);
            var sync = Original<SyncFile>(methods, Sync);
            Replace<WriteFile>(
                replaced,
                Write,
                (of, bytes, count, offset) =>
                    Do(new(StoreDiskAction.Write, _names[of], offset, Bytes(bytes, count)), () => write(of, bytes, count, offset))
            );
            Replace<TruncateFile>(
                replaced,
                Truncate,
                (of, length) => Do(new(StoreDiskAction.Truncate, _names[of], length), () => truncate(of, length))
            );
            Replace<SyncFile>(replaced, Sync, (of, how) => Do(new(StoreDiskAction.Sync, _names[of]), () => sync(of, how)));
        }

        Marshal.WriteIntPtr(file, replaced);
        return result;
    }

    private int OnDelete(nint vfs, nint name, int syncFolder) =>
        Do(
            new(syncFolder != 0 ? StoreDiskAction.DeleteForGood : StoreDiskAction.Delete, Marshal.PtrToStringUTF8(name)!),
            () => _delete(_original, name, syncFolder)
        );

    private int Do(StoreDiskOperation operation, Func<int> action)
    {
        int result = Fault(operation) is not 0 and var fault ? fault : action();
        if (result == 0)
            Done.Add(operation);
        return result;
    }

    private static byte[] Bytes(nint bytes, int count)
    {
        byte[] copy = new byte[count];
        Marshal.Copy(bytes, copy, 0, count);
        return copy;
    }

    private static void Copy(nint from, nint to, int count) => Marshal.Copy(Bytes(from, count), 0, to, count);

    private static T Original<T>(nint table, int place)
        where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(Marshal.ReadIntPtr(table, place));

    private void Replace<T>(nint table, int place, T function)
        where T : Delegate
    {
        _held.Add(function);
        Marshal.WriteIntPtr(table, place, Marshal.GetFunctionPointerForDelegate(function));
    }

    [DllImport(Library)]
    private static extern nint sqlite3_vfs_find(nint name);

    [DllImport(Library)]
    private static extern int sqlite3_vfs_register(nint vfs, int isDefault);

    [DllImport(Library)]
    private static extern int sqlite3_vfs_unregister(nint vfs);
}
