using Microsoft.Win32.SafeHandles;

namespace VariationalBoN.References;

/// <summary>What a side file knows its file of records by: its length and its last bytes, among them the check of the last record. Its time is no part of it, since copying changes that.</summary>
/// <param name="Length">The length in bytes; 0 for a file that is missing.</param>
/// <param name="Tail">A hash of the last bytes.</param>
internal readonly record struct RecordsEnd(long Length, ulong Tail)
{
    private const int TailLength = 64;

    /// <summary>The end of a file as it is now.</summary>
    public static RecordsEnd Of(string path)
    {
        if (!File.Exists(path))
            return new RecordsEnd(0, ReferenceIndexLayout.HashOf([]));
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = RandomAccess.GetLength(file);
        Span<byte> tail = stackalloc byte[(int)Math.Min(length, TailLength)];
        int read = RandomAccess.Read(file, tail, length - tail.Length);
        return new RecordsEnd(length, ReferenceIndexLayout.HashOf(tail[..read]));
    }
}
