using System.Buffers.Binary;
using System.Text;

namespace VariationalBoN.Internal;

/// <summary>The smallest shared object that a loader of ELF files for x86-64 takes: one global function, nothing else. Stateless.</summary>
/// <remarks>
/// The first page is mapped to be read and executed: header, four program headers, hash table, symbols, their names, code. The second one,
/// to be read and written, is the dynamic section. Addresses are places in the file.
/// </remarks>
internal static class SharedObject
{
    private const int Page = 4096,
        HeaderSize = 64,
        EntrySize = 56,
        Entries = 4,
        SymbolSize = 24;
    private const int HashAt = HeaderSize + (Entries * EntrySize),
        SymbolsAt = HashAt + 24,
        NamesAt = SymbolsAt + (2 * SymbolSize);
    private const uint Load = 1,
        Dynamic = 2,
        Stack = 0x6474E551,
        Executed = 1,
        Written = 2,
        Read = 4;

    /// <summary>The bytes of the file.</summary>
    /// <param name="name">The name of the function.</param>
    /// <param name="code">Its instructions; they refer to nothing.</param>
    internal static byte[] WithFunction(string name, ReadOnlySpan<byte> code)
    {
        byte[] names = [0, .. Encoding.ASCII.GetBytes(name), 0];
        (long Tag, long Value)[] dynamic = [(4, HashAt), (5, NamesAt), (6, SymbolsAt), (10, names.Length), (11, SymbolSize), (0, 0)];
        int codeAt = (NamesAt + names.Length + 15) & ~15,
            codeEnd = codeAt + code.Length,
            dynamicSize = 16 * dynamic.Length;
        byte[] file = new byte[Page + dynamicSize];
        new byte[] { 0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(file, 0); // 64 bits, little-endian, version 1
        Write16(16, 3); // a shared object
        Write16(18, 62); // for x86-64
        Write32(20, 1);
        Write64(32, HeaderSize); // where the program headers begin
        Write16(52, HeaderSize);
        Write16(54, EntrySize);
        Write16(56, Entries);
        Write16(58, 64); // the size of section headers, of which there are none
        Entry(0, Load, Read | Executed, 0, codeEnd, Page);
        Entry(1, Load, Read | Written, Page, dynamicSize, Page);
        Entry(2, Dynamic, Read | Written, Page, dynamicSize, 8);
        Entry(3, Stack, Read | Written, 0, 0, 16);

        Write32(HashAt, 1); // one bucket
        Write32(HashAt + 4, 2); // of two symbols, the first of which is none
        Write32(HashAt + 8, 1); // which begins with symbol 1 and ends there
        Write32(SymbolsAt + SymbolSize, 1); // where its name begins
        file[SymbolsAt + SymbolSize + 4] = 0x12; // a global function
        Write16(SymbolsAt + SymbolSize + 6, 1); // defined here
        Write64(SymbolsAt + SymbolSize + 8, codeAt);
        Write64(SymbolsAt + SymbolSize + 16, code.Length);
        names.CopyTo(file, NamesAt);
        code.CopyTo(file.AsSpan(codeAt));
        for (int i = 0; i < dynamic.Length; i++)
        {
            Write64(Page + (16 * i), dynamic[i].Tag);
            Write64(Page + (16 * i) + 8, dynamic[i].Value);
        }

        return file;

        void Entry(int index, uint type, uint flags, long at, long size, long alignment)
        {
            int start = HeaderSize + (index * EntrySize);
            Write32(start, type);
            Write32(start + 4, flags);
            Write64(start + 8, at);
            Write64(start + 16, at);
            Write64(start + 24, at);
            Write64(start + 32, size);
            Write64(start + 40, size);
            Write64(start + 48, alignment);
        }

        void Write16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);
        void Write32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(at), value);
        void Write64(int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(at), value);
    }
}
