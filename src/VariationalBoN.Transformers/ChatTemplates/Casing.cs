namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Changes of case as in Python: full mappings of Unicode, one character may become several, and the final sigma.</summary>
internal static class Casing
{
    public static StringValue Upper(StringValue text, Work work) => Mapping.CodePoints(text, work, (_, code) => CaseTables.Upper(code));

    public static StringValue Lower(StringValue text, Work work) =>
        Mapping.CodePoints(text, work, (at, code) => LowerAt(text.Text, at, code));

    /// <summary>The first character in title case, the others in small letters.</summary>
    public static StringValue Capitalize(StringValue text, Work work) =>
        Mapping.CodePoints(text, work, (at, code) => at == 0 ? CaseTables.Title(code) : LowerAt(text.Text, at, code));

    /// <summary>Each character in title case that does not follow one with a case.</summary>
    public static StringValue Title(StringValue text, Work work)
    {
        bool afterCased = false;
        return Mapping.CodePoints(
            text,
            work,
            (at, code) =>
            {
                string changed = afterCased ? LowerAt(text.Text, at, code) : CaseTables.Title(code);
                afterCased = Characters.IsCased(code);
                return changed;
            }
        );
    }

    public static StringValue Swap(StringValue text, Work work) =>
        Mapping.CodePoints(
            text,
            work,
            (at, code) =>
                Characters.IsUpper(code) ? LowerAt(text.Text, at, code)
                : Characters.IsLower(code) ? CaseTables.Upper(code)
                : Characters.Text(code)
        );

    private static string LowerAt(string text, int at, int code) =>
        code == 0x3A3
            ? IsFinal(text, at)
                ? "ς"
                : "σ"
            : CaseTables.Lower(code);

    /// <summary>True for a sigma after a letter and before none, marks between them left aside.</summary>
    private static bool IsFinal(string text, int at)
    {
        bool afterLetter = false;
        for (int i = at; i > 0; )
        {
            i -= Characters.WidthBefore(text, i);
            int code = Characters.At(text, i);
            if (Characters.IsCaseIgnorable(code))
                continue;
            afterLetter = Characters.IsCased(code);
            break;
        }
        for (int i = at + 1; afterLetter && i < text.Length; i += Characters.WidthAt(text, i))
        {
            int code = Characters.At(text, i);
            if (!Characters.IsCaseIgnorable(code))
                return !Characters.IsCased(code);
        }
        return afterLetter;
    }
}
