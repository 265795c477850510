using System.Buffers.Binary;
using System.Text;
using VariationalBoN.Internal;

namespace VariationalBoN.Transformers.Pickles;

/// <summary>Where the entries of a zip archive lie in it, for archives that store without compression,
/// as <c>torch.save</c> writes them.</summary>
/// <remarks>Unlike the zip reader of .NET it tells the place of the bytes,
/// so that weights are read straight from the file into their parameters.</remarks>
internal sealed class ZipDirectory
{
    /// <summary>Far above what a checkpoint needs: some 60 bytes a tensor.</summary>
    private const long MaxLength = 8_000_000;

    private const uint LocalHeader = 0x04034b50,
        CentralHeader = 0x02014b50,
        End = 0x06054b50,
        End64 = 0x06064b50,
        Locator64 = 0x07064b50;
    private readonly Stream _stream;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Reads the directory at the end of the archive.</summary>
    /// <exception cref="InvalidDataException">This is no such archive, or a damaged one; the message says where.</exception>
    internal ZipDirectory(Stream stream)
    {
        _stream = stream;
        (long offset, long length) = FindDirectory();
        Place = offset;
        byte[] directory = Read(offset, length, "the directory of the archive");
        for (int at = 0; at < directory.Length; )
            at += Add(directory.AsSpan(at), offset + at);
    }

    /// <summary>Where the directory lies in the file.</summary>
    internal long Place { get; }

    /// <summary>The names of the entries.</summary>
    internal IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>The bytes of an entry: offset in the archive and length.</summary>
    /// <exception cref="InvalidDataException">There is no such entry, or it is compressed, encrypted or outside the file.</exception>
    internal (long Offset, long Length) Locate(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
            throw new InvalidDataException($"the archive has no entry '{Shown.Name(name)}' in its directory at byte {Place} of the file");
        if (entry.Method != 0 || entry.Encrypted || entry.Packed != entry.Length)
            throw new InvalidDataException(
                $"the entry '{Shown.Name(name)}' at byte {entry.Header} is compressed or encrypted; checkpoints are stored plain"
            );
        byte[] header = Read(entry.Header, 30, "an entry");
        if (U32(header) != LocalHeader)
            throw new InvalidDataException($"at byte {entry.Header} of the file: '{Shown.Name(name)}' has no local header");
        long offset = entry.Header + 30 + U16(header.AsSpan(26)) + U16(header.AsSpan(28));
        return entry.Length <= _stream.Length - offset
            ? (offset, entry.Length)
            : throw new InvalidDataException(
                $"the entry '{Shown.Name(name)}' claims {entry.Length} bytes from byte {offset}, but the file is {_stream.Length} bytes "
                    + $"long"
            );
    }

    /// <summary>The content of an entry of moderate size.</summary>
    internal byte[] ReadAll(string name, long limit)
    {
        (long offset, long length) = Locate(name);
        return length <= limit
            ? Read(offset, length, name)
            : throw new InvalidDataException(
                $"the entry '{Shown.Name(name)}' at byte {offset} is {length} bytes long; at most {limit} are read"
            );
    }

    private (long Offset, long Length) FindDirectory()
    {
        long start = Math.Max(0, _stream.Length - (22 + 65535));
        byte[] tail = Read(start, _stream.Length - start, "the end of the archive");
        int at = tail.Length - 22;
        while (at >= 0 && U32(tail.AsSpan(at)) != End)
            at--;
        if (at < 0)
            throw new InvalidDataException(
                $"at byte {start} of the file: this is no zip archive; weights saved before PyTorch 1.6 are not read; load and save them "
                    + $"once in Python, with save_pretrained"
            );
        var end = tail.AsSpan(at);
        (long offset, long length) = (U32(end[16..]), U32(end[12..]));
        if (at >= 20 && U32(tail.AsSpan(at - 20)) == Locator64)
        {
            byte[] end64 = Read((long)U64(tail.AsSpan(at - 12)), 56, "the 64-bit end of the archive");
            if (U32(end64) != End64)
                throw new InvalidDataException(
                    $"at byte {start + at - 20} of the file: the archive's 64-bit end is not where it should be"
                );
            (offset, length) = ((long)U64(end64.AsSpan(48)), (long)U64(end64.AsSpan(40)));
        }

        return (offset, length);
    }

    private int Add(ReadOnlySpan<byte> rest, long place)
    {
        if (rest.Length < 46 || U32(rest) != CentralHeader)
            throw new InvalidDataException($"at byte {place} of the file: the directory of the archive is damaged");
        (int nameLength, int extraLength, int commentLength) = (U16(rest[28..]), U16(rest[30..]), U16(rest[32..]));
        int size = 46 + nameLength + extraLength + commentLength;
        if (rest.Length < size)
            throw new InvalidDataException($"at byte {place} of the file: the directory of the archive is cut short");
        string name = Encoding.UTF8.GetString(rest.Slice(46, nameLength));
        var wide = Wide(rest.Slice(46 + nameLength, extraLength));
        long length = Field(rest[24..], ref wide),
            packed = Field(rest[20..], ref wide),
            header = Field(rest[42..], ref wide);
        if (length < 0 || packed < 0 || header < 0)
            throw new InvalidDataException($"at byte {place} of the file: '{Shown.Name(name)}' has an impossible size or place");
        if (!_entries.TryAdd(name, new Entry(header, length, packed, U16(rest[10..]), (U16(rest[8..]) & 1) != 0)))
            throw new InvalidDataException($"at byte {place} of the file: the entry '{Shown.Name(name)}' is listed twice");
        return size;
    }

    /// <summary>The 64-bit values of an entry, in order of those of its 32-bit fields that say "too large".</summary>
    private static ReadOnlySpan<byte> Wide(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int size = Math.Min(U16(extra[2..]), extra.Length - 4);
            if (U16(extra) == 1)
                return extra.Slice(4, size);
            extra = extra[(4 + size)..];
        }

        return [];
    }

    private static long Field(ReadOnlySpan<byte> narrow, ref ReadOnlySpan<byte> wide)
    {
        uint value = U32(narrow);
        if (value != uint.MaxValue)
            return value;
        if (wide.Length < 8)
            return -1;
        long result = (long)U64(wide);
        wide = wide[8..];
        return result;
    }

    private byte[] Read(long offset, long length, string what)
    {
        if (offset < 0 || length < 0 || length > MaxLength || offset > _stream.Length - length)
            throw new InvalidDataException(
                $"{Shown.Name(what)} would be {length} bytes from byte {offset}, but the file is {_stream.Length} bytes long and "
                    + $"{MaxLength} bytes are read at most"
            );
        byte[] bytes = new byte[length];
        _stream.Position = offset;
        _stream.ReadExactly(bytes);
        return bytes;
    }

    private static ushort U16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static ulong U64(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    private readonly record struct Entry(long Header, long Length, long Packed, int Method, bool Encrypted);
}
