using System.Buffers.Binary;
using System.IO.Compression;

namespace VariationalBoN.BestOfN;

/// <summary>
/// Records that are gzip members one after the other (RFC 1952), each of one line. A member says its own length in an extra field "VB" of
/// its header, so that it can be found, read and cut without unpacking those before it. Not thread-safe.
/// </summary>
internal sealed class GzipRecordReader(Stream stream) : RecordReader(stream)
{
    private const int HeaderLength = 20, PlainHeaderLength = 10;

    // ID1 ID2 CM FLG(FEXTRA) MTIME(4) XFL OS XLEN(2) SI1 SI2 LEN(2), then the length of the member in 4 bytes.
    private static ReadOnlySpan<byte> Signature => [0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 0xFF, 8, 0, (byte)'V', (byte)'B', 4, 0];

    /// <summary>A line as a member.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> line)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(line);
        ReadOnlySpan<byte> plain = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        byte[] member = new byte[plain.Length - PlainHeaderLength + HeaderLength];
        Signature.CopyTo(member);
        BinaryPrimitives.WriteInt32LittleEndian(member.AsSpan(Signature.Length), member.Length);
        plain[PlainHeaderLength..].CopyTo(member.AsSpan(HeaderLength));
        return member;
    }

    /// <summary>The JSON text of a member.</summary>
    /// <exception cref="InvalidDataException">It cannot be unpacked.</exception>
    public static ReadOnlyMemory<byte> Unpack(ReadOnlyMemory<byte> member)
    {
        using var packed = new MemoryStream(member.ToArray(), writable: false);
        using var gzip = new GZipStream(packed, CompressionMode.Decompress);
        using var line = new MemoryStream();
        byte[] part = new byte[1 << 16];
        for (int read; (read = gzip.Read(part)) > 0;)
        {
            if (line.Length + read > LongestRecord)
                throw new InvalidDataException($"a record is longer than {LongestRecord} bytes.");
            line.Write(part, 0, read);
        }

        ReadOnlyMemory<byte> json = line.GetBuffer().AsMemory(0, (int)line.Length);
        if (!json.Span.EndsWith("\n"u8) || member.Length < HeaderLength || BinaryPrimitives.ReadInt32LittleEndian(member.Span[^4..]) != json.Length)
            throw new InvalidDataException("the gzip member does not hold one whole line, or its length is not what it says.");
        return json[..^1];
    }

    protected override bool Read()
    {
        while (Ahead.Length < HeaderLength)
        {
            if (!More())
                return Ahead.Length > 0 && TakeTail();
        }

        if (!Ahead.StartsWith(Signature))
            throw new InvalidDataException("no gzip member of this library begins there.");
        int length = BinaryPrimitives.ReadInt32LittleEndian(Ahead[Signature.Length..]);
        if (length is <= HeaderLength or > LongestRecord)
            throw new InvalidDataException($"the gzip member says that it has {length} bytes.");
        while (Ahead.Length < length)
        {
            if (!More())
                return TakeTail();
        }

        return Found(Unpack(Take(length)), isWhole: true);
    }

    /// <summary>The rest of the file lacks an end; a member that begins within it shows that it is not the last that is damaged.</summary>
    private bool TakeTail() => Ahead.Length > Signature.Length && Ahead[1..].IndexOf(Signature) >= 0
        ? throw new InvalidDataException("the gzip member there has lost its end, and others follow it.")
        : Found(Take(Ahead.Length), isWhole: false);
}
