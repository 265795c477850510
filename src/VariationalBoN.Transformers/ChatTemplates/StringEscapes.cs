using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>
/// The escapes of string literals. As the reference implementation does, characters beyond ASCII are written as escapes first and then
/// all escapes
/// are read, so that a backslash before such a character stays.
/// </summary>
internal static class StringEscapes
{
    public static string Read(ReadOnlySpan<char> literal)
    {
        if (!literal.Contains('\\'))
            return literal.ToString();
        string text = Expand(literal);
        var all = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; )
        {
            if (text[i] != '\\')
                all.Append(text[i++]);
            else
                i = ReadEscape(text, i + 1, all);
        }
        return all.ToString();
    }

    private static string Expand(ReadOnlySpan<char> literal)
    {
        var all = new StringBuilder(literal.Length);
        foreach (int code in Characters.Codes(literal.ToString()))
        {
            if (code < 0x80)
                all.Append((char)code);
            else
                all.Append(
                    code < 0x100 ? $"\\x{code:x2}"
                    : code < 0x10000 ? $"\\u{code:x4}"
                    : $"\\U{code:x8}"
                );
        }
        return all.ToString();
    }

    private static int ReadEscape(string text, int i, StringBuilder all)
    {
        if (i == text.Length)
            throw Fault("\\ at end of string");
        char kind = text[i];
        if (kind is >= '0' and <= '7')
            return ReadOctal(text, i, all);
        if (kind is 'x' or 'u' or 'U')
            return ReadHexadecimal(
                text,
                i + 1,
                kind == 'x' ? 2
                    : kind == 'u' ? 4
                    : 8,
                all
            );
        if (kind == 'N')
            return ReadNamed(text, i + 1, all);
        const string Escapes = "abfnrtv\\'\"\n",
            Meanings = "\a\b\f\n\r\t\v\\'\"";
        int place = Escapes.IndexOf(kind, StringComparison.Ordinal);
        if (place < 0)
            all.Append('\\').Append(kind);
        else if (place < Meanings.Length)
            all.Append(Meanings[place]);
        return i + 1;
    }

    private static int ReadOctal(string text, int i, StringBuilder all)
    {
        int code = 0,
            end = i;
        while (end < text.Length && end < i + 3 && text[end] is >= '0' and <= '7')
            code = (code * 8) + (text[end++] - '0');
        all.Append((char)code);
        return end;
    }

    private static int ReadHexadecimal(string text, int i, int digits, StringBuilder all)
    {
        if (
            i + digits > text.Length
            || !int.TryParse(text.AsSpan(i, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
        )
            throw Fault($"an escape of {digits} hexadecimal digits is cut short");
        if (code is < 0 or > 0x10FFFF)
            throw Fault("an escape beyond the last code point, 10FFFF");
        all.Append(Characters.Text(code));
        return i + digits;
    }

    private static int ReadNamed(string text, int i, StringBuilder all)
    {
        int end = i < text.Length && text[i] == '{' ? text.IndexOf('}', i) : -1;
        if (end < 0)
            throw Fault("malformed \\N character escape");
        string name = text[(i + 1)..end];
        all.Append(CharacterNames.Find(name) ?? throw Fault($"the engine does not know the character name '{name}'; write it as \\uXXXX"));
        return end + 1;
    }

    private static TemplateFault Fault(string message) => new(FaultKind.Syntax, message);
}
