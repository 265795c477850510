using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace AlignHuggingFace.Prompts;

/// <summary>A text file that must be UTF-8. Stateless.</summary>
internal static class Utf8File
{
    private const byte NewLine = (byte)'\n';
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads the whole file, without the mark that some editors put before it.</summary>
    /// <exception cref="InvalidDataException">A byte is not UTF-8; the message names line and column.</exception>
    public static ReadOnlyMemory<byte> Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
            throw new InvalidDataException($"{path} is UTF-16, not UTF-8. Save it as UTF-8, such as with: iconv -f UTF-16 -t UTF-8.");
        if (!Utf8.IsValid(bytes))
            throw new InvalidDataException(Fault(path, bytes));
        return bytes.AsMemory(bytes.AsSpan().StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0);
    }

    /// <summary>The lines of a file with their numbers, without their ends.</summary>
    public static IEnumerable<(long Number, ReadOnlyMemory<byte> Line)> Lines(ReadOnlyMemory<byte> bytes)
    {
        for (long number = 1; !bytes.IsEmpty; number++)
        {
            int end = bytes.Span.IndexOf(NewLine);
            var line = end < 0 ? bytes : bytes[..end];
            yield return (number, line.Span is [.., (byte)'\r'] ? line[..^1] : line);
            bytes = end < 0 ? default : bytes[(end + 1)..];
        }
    }

    private static string Fault(string path, ReadOnlySpan<byte> bytes)
    {
        int line = 1,
            column = 1;
        var rest = bytes;
        while (Rune.DecodeFromUtf8(rest, out Rune rune, out int length) == System.Buffers.OperationStatus.Done)
        {
            (line, column) = rune.Value == NewLine ? (line + 1, 1) : (line, column + 1);
            rest = rest[length..];
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{path}, line {line}, column {column}: the byte 0x{rest[0]:X2} is not UTF-8. Save the file as UTF-8, such as with: iconv -f "
                + $"LATIN1 -t UTF-8."
        );
    }
}
