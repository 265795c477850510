using System.Buffers.Binary;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Walks the fields of a protocol buffer message; every message names the byte.</summary>
/// <param name="file">What the messages call the place.</param>
/// <param name="bytes">The whole file.</param>
/// <param name="start">Where the message begins.</param>
/// <param name="end">Where it ends.</param>
internal ref struct ProtoReader(string file, ReadOnlySpan<byte> bytes, int start, int end)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at = start;

    /// <summary>The number of the field last read.</summary>
    internal int Field { get; private set; }

    /// <summary>Its value when it is a number, the bits when it is a float.</summary>
    internal ulong Number { get; private set; }

    /// <summary>Where its bytes lie when it is a text or a message.</summary>
    internal (int Start, int End) Range { get; private set; }

    private int _wire;

    internal bool Read()
    {
        if (_at == end)
            return false;
        ulong tag = Varint();
        (Field, _wire) = ((int)Math.Min(tag >> 3, int.MaxValue), (int)(tag & 7));
        Number = 0;
        Range = (_at, _at);
        switch (_wire)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(_bytes[Take(8)..]);
                break;
            case 2:
                ulong length = Varint();
                int from = Take(length > int.MaxValue ? int.MaxValue : (int)length);
                Range = (from, _at);
                break;
            case 5:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(_bytes[Take(4)..]);
                break;
            default:
                throw Fault($"a field of wire type {_wire}, which does not exist");
        }

        return true;
    }

    internal readonly string Text() =>
        _wire == 2 && System.Text.Unicode.Utf8.IsValid(Bytes())
            ? System.Text.Encoding.UTF8.GetString(Bytes())
            : throw Fault($"field {Field} is no UTF-8 text");

    internal readonly ReadOnlySpan<byte> Bytes() => _bytes[Range.Start..Range.End];

    internal readonly float Float() =>
        _wire == 5 ? BitConverter.UInt32BitsToSingle((uint)Number) : throw Fault($"field {Field} is no float");

    internal readonly long Integer() => _wire == 0 ? (long)Number : throw Fault($"field {Field} is no number");

    internal readonly ProtoReader Message() =>
        _wire == 2 ? new ProtoReader(file, _bytes, Range.Start, Range.End) : throw Fault($"field {Field} is no message");

    internal readonly InvalidDataException Fault(string message) => new($"{file}: byte {Range.Start}: {message}.");

    private ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            byte b = _bytes[Take(1)];
            value |= shift < 64 ? (ulong)(b & 127) << shift : 0;
            if (b < 128)
                return value;
        }

        throw Fault("a number of more than ten bytes");
    }

    private int Take(int count)
    {
        if (count > end - _at)
            throw new InvalidDataException($"{file}: byte {_at}: {count} bytes are announced where {end - _at} are left.");
        _at += count;
        return _at - count;
    }
}
