using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace VariationalBoN.Internal;

/// <summary>
/// Which file it is and when it was changed last, in nanoseconds: as long as it is equal, so is the content. Changes with every write, and
/// with every other file of that name. Immutable, thread-safe.
/// </summary>
internal readonly record struct FileStamp(ulong Volume, ulong Inode, ulong Length, long Modified, long Changed)
{
    private const int WorkingFolder = -100,
        Basic = 0x7ff,
        Size = 256; // AT_FDCWD, STATX_BASIC_STATS, sizeof(struct statx)

    /// <summary>Clocks of file systems are coarse: what was written a moment ago may be written again within the same tick.</summary>
    private static readonly TimeSpan s_tick = TimeSpan.FromSeconds(2);

    /// <summary>The stamp of a file, links followed; null where the system does not tell (anything but Linux).</summary>
    internal static FileStamp? Of(string path)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        byte[] answer = new byte[Size];
        try
        {
            if (Ask(WorkingFolder, Encoding.UTF8.GetBytes(path + '\0'), 0, Basic, answer) != 0)
                return null;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException)
        {
            return null; // a C library without statx
        }

        // struct statx has one layout on every architecture
        return new FileStamp(Number(136), Number(32), Number(40), Time(112), Time(96));

        ulong Number(int at) => BinaryPrimitives.ReadUInt64LittleEndian(answer.AsSpan(at));

        long Time(int at) => ((long)Number(at) * 1_000_000_000) + BinaryPrimitives.ReadUInt32LittleEndian(answer.AsSpan(at + 8));
    }

    /// <summary>Whether a later write would have another time for certain.</summary>
    internal bool IsSettled(DateTimeOffset now) =>
        now - DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(Modified, Changed) / 1_000_000) > s_tick;

    [DllImport("libc", EntryPoint = "statx")]
    private static extern int Ask(int folder, byte[] path, int flags, uint mask, byte[] answer);
}
