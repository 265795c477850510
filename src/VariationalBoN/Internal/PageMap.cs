using System.Runtime.InteropServices;

namespace VariationalBoN.Internal;

/// <summary>What Linux knows of the pages of this process. Stateless, thread-safe.</summary>
internal static class PageMap
{
    private const ulong Present = 1ul << 63,
        Swapped = 1ul << 62,
        OfFile = 1ul << 61;

    /// <summary>
    /// Whether memory over a privately mapped file was never written to: a page that is there is the file's, and one that was written
    /// to is a copy of the process. False where the system does not tell.
    /// </summary>
    internal static bool IsUnwritten(long address, long bytes)
    {
        if (!OperatingSystem.IsLinux() || bytes <= 0)
            return false;
        long page = Environment.SystemPageSize;
        (long first, long last) = (address / page, (address + bytes - 1) / page);
        ulong[] flags = new ulong[Math.Min(1 << 13, last - first + 1)];
        try
        {
            using var map = File.OpenHandle("/proc/self/pagemap");
            for (long at = first; at <= last; at += flags.Length)
            {
                var part = flags.AsSpan(0, (int)Math.Min(flags.Length, last - at + 1));
                var wanted = MemoryMarshal.AsBytes(part);
                if (RandomAccess.Read(map, wanted, at * sizeof(ulong)) != wanted.Length)
                    return false;
                foreach (ulong flag in part)
                {
                    if ((flag & Swapped) != 0 || ((flag & Present) != 0 && (flag & OfFile) == 0))
                        return false;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // no /proc, or a sandbox without this part of it: nothing is known
        }

        return true;
    }
}
