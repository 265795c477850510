using System.Buffers.Binary;
using System.Text;

namespace VariationalBoN.Transformers.Pickles;

/// <summary>The bytes of a pickle, read one instruction after the other. Not thread-safe.</summary>
internal sealed class PickleCode(byte[] code)
{
    private int _at;
    private int _instruction;

    /// <summary>The next instruction, which errors name from then on.</summary>
    /// <exception cref="InvalidDataException">The bytes end, as in every read.</exception>
    internal byte Instruction()
    {
        _instruction = _at;
        return Byte();
    }

    /// <summary>The next byte.</summary>
    internal byte Byte() => Bytes(1)[0];

    /// <summary>The next two bytes as a number.</summary>
    internal ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    /// <summary>The next four bytes as a number.</summary>
    internal int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));

    /// <summary>The next bytes as text.</summary>
    internal string Text(int count) => Encoding.UTF8.GetString(Bytes(count));

    /// <summary>A whole number of some bytes.</summary>
    internal long Long(int count)
    {
        ReadOnlySpan<byte> bytes = Bytes(count);
        if (bytes.Length > 8)
            throw Fault($"a number of {bytes.Length} bytes is larger than any size or place");
        Span<byte> padded = stackalloc byte[8];
        padded.Fill(bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? (byte)0xff : (byte)0);
        bytes.CopyTo(padded);
        return BinaryPrimitives.ReadInt64LittleEndian(padded);
    }

    /// <summary>The text up to the end of a line.</summary>
    internal string Line()
    {
        int length = code.AsSpan(_at).IndexOf((byte)'\n');
        string line = Text(length); // -1: there is none
        _at++;
        return line;
    }

    /// <summary>An error that names the instruction by its byte.</summary>
    internal InvalidDataException Fault(string text) => new($"at byte {_instruction} of the pickle: {text}");

    /// <summary>The next bytes.</summary>
    private ReadOnlySpan<byte> Bytes(int count)
    {
        if (count < 0 || count > code.Length - _at)
            throw Fault("the pickle ends in the middle of an instruction");
        _at += count;
        return code.AsSpan(_at - count, count);
    }
}
