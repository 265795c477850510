using System.Buffers.Binary;
using System.IO.Compression;

namespace VariationalBoN.References;

/// <summary>
/// Records that are gzip members one after the other (RFC 1952), each of one line. A member says its own length in an extra field "VB" of
/// its header, so that it can be found, read and cut without unpacking those before it. Not thread-safe.
/// </summary>
internal sealed class GzipRecordReader(Stream stream) : RecordReader(stream)
{
    private const int HeaderLength = 20,
        LongestUnpacked = 1 << 28;

    /// <summary>A trailer (CRC-32 and length) that no member of a line has:
    /// that of one whose end is zeros, as a disk that lost power leaves.</summary>
    private static ReadOnlySpan<byte> ZeroTrailer => [0, 0, 0, 0, 0, 0, 0, 0];

    // ID1 ID2 CM FLG(FEXTRA) MTIME(4) XFL OS XLEN(2) SI1 SI2 LEN(2), then the length of the member in 4 bytes.
    private static ReadOnlySpan<byte> Signature => [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 0xFF, 8, 0, (byte)'V', (byte)'B', 4, 0];

    /// <summary>The JSON text of a member.</summary>
    /// <exception cref="InvalidDataException">It cannot be unpacked.</exception>
    public static ReadOnlyMemory<byte> Unpack(ReadOnlyMemory<byte> member)
    {
        using var packed = new MemoryStream(member.ToArray(), writable: false);
        using var gzip = new GZipStream(packed, CompressionMode.Decompress);
        using var line = new MemoryStream();
        byte[] part = new byte[1 << 16];
        for (int read; (read = gzip.Read(part)) > 0; )
        {
            if (line.Length + read > LongestUnpacked)
                throw new InvalidDataException($"a record is longer than {LongestUnpacked} bytes when it is unpacked.");
            line.Write(part, 0, read);
        }

        ReadOnlyMemory<byte> json = line.GetBuffer().AsMemory(0, (int)line.Length);
        if (
            !json.Span.EndsWith("\n"u8)
            || member.Length < HeaderLength
            || BinaryPrimitives.ReadInt32LittleEndian(member.Span[^4..]) != json.Length
        )
            throw new InvalidDataException("the gzip member does not hold one whole line, or its length field is wrong.");
        return json[..^1];
    }

    protected override bool Read()
    {
        while (Ahead.Length < HeaderLength)
        {
            if (!More())
                return Ahead.Length > 0 && TakeTail();
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(Ahead[Signature.Length..]);
        string? fault =
            !Ahead.StartsWith(Signature) ? "no gzip member of this library begins there."
            : length is <= HeaderLength or > LongestRecord ? $"the gzip member says that it has {length} bytes."
            : null;
        if (fault is not null)
            return IsZeroFrom(HeaderLength) ? TakeTail() : throw new InvalidDataException(fault);
        while (Ahead.Length < length)
        {
            if (!More())
                return TakeTail();
        }

        if (Ahead[..length].EndsWith(ZeroTrailer) && IsZeroFrom(length))
            return TakeTail();
        ReadOnlyMemory<byte> member = Take(length);
        Found(member, isWhole: true);
        return Found(Unpack(member), isWhole: true);
    }

    /// <summary>Whether nothing but zeros follows so many bytes:
    /// what a disk that lost power can leave of a file that was growing.</summary>
    private bool IsZeroFrom(int seen)
    {
        for (; !Ahead[seen..].ContainsAnyExcept((byte)0); )
        {
            seen = Ahead.Length;
            if (!More())
                return true;
        }

        return false;
    }

    /// <summary>The rest of the file lacks an end; a member that begins within it shows that it is not the last that is damaged.</summary>
    private bool TakeTail() =>
        Ahead.Length > Signature.Length && Ahead[1..].IndexOf(Signature) >= 0
            ? throw new InvalidDataException("the gzip member there has lost its end, and others follow it.")
            : Found(Take(Ahead.Length), isWhole: false);
}
