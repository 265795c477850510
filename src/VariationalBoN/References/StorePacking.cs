using System.IO.Compression;

namespace VariationalBoN.References;

/// <summary>
/// Compression of a column as SQLite archives have it:
/// zlib (RFC 1950), or the bytes themselves where that is not shorter. Stateless, thread-safe.
/// </summary>
internal static class StorePacking
{
    /// <summary>The longest content of a row, in bytes, before compression.</summary>
    public const int MaxLength = 900_000_000; // SQLite keeps at most 1e9 bytes in a row

    /// <summary>A third of the time of level 6, the default, for 4 % more room, measured on texts and tokens;
    /// level 1 takes 50 % more.</summary>
    private static readonly ZLibCompressionOptions s_level = new() { CompressionLevel = 2 };

    private const int UsualRatio = 16,
        MaxRatio = 1032; // of deflate: 258 bytes in two bits

    /// <summary>Compresses.</summary>
    public static byte[] Pack(byte[] plain)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, s_level, leaveOpen: true))
            zlib.Write(plain);
        return packed.Length < plain.Length ? packed.ToArray() : plain;
    }

    /// <summary>Decompresses what says that it has so many bytes.</summary>
    /// <exception cref="FormatException">It has not, or cannot be decompressed.</exception>
    public static byte[] Unpack(byte[] packed, long length)
    {
        if (length == packed.Length)
            return packed;
        if (length <= packed.Length || length > Math.Min(MaxLength, (long)MaxRatio * packed.Length))
            throw new FormatException(
                $"its completions are {packed.Length} bytes, and the stated length after decompression, {length}, is impossible."
            );
        try
        {
            byte[] plain = new byte[Math.Min(length, (long)UsualRatio * packed.Length)];
            using var zlib = new ZLibStream(new MemoryStream(packed, writable: false), CompressionMode.Decompress);
            int read = zlib.ReadAtLeast(plain, plain.Length, throwOnEndOfStream: false);
            while (read == plain.Length && read < length) // memory for what is there, not for what is said
            {
                Array.Resize(ref plain, (int)Math.Min(length, 2L * read));
                read += zlib.ReadAtLeast(plain.AsSpan(read), plain.Length - read, throwOnEndOfStream: false);
            }

            return read == length && zlib.ReadByte() < 0
                ? plain
                : throw new FormatException($"its completions, decompressed, are not the stated {length} bytes long.");
        }
        catch (InvalidDataException e)
        {
            throw new FormatException($"its completions cannot be decompressed ({e.Message})", e);
        }
    }
}
