using System.Globalization;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Classes of characters as Python's <c>str</c> sees them.</summary>
internal static class Characters
{
    /// <summary>Letters with a numeric value that .NET does not know.</summary>
    private const string NumericIdeographs =
        "\u3405\u3483\u382A\u3B4D\u4E00\u4E03\u4E07\u4E09\u4E5D\u4E8C\u4E94\u4E96\u4EBF\u4EC0\u4EDF\u4EE8\u4F0D\u4F70"
        + "\u5104\u5146\u5169\u516B\u516D\u5341\u5343\u5344\u5345\u534C\u53C1\u53C2\u53C3\u53C4\u56DB\u58F1\u58F9\u5E7A"
        + "\u5EFE\u5EFF\u5F0C\u5F0D\u5F0E\u5F10\u62FE\u634C\u67D2\u6F06\u7396\u767E\u8086\u842C\u8CAE\u8CB3\u8D30\u9621"
        + "\u9646\u964C\u9678\u96F6\uF96B\uF973\uF978\uF9B2\uF9D1\uF9D3\uF9FD\U00020001\U00020064\U000200E2\U00020121"
        + "\U0002092A\U00020983\U0002098C\U0002099C\U00020AEA\U00020AFD\U00020B19\U00022390\U00022998\U00023B1B\U0002626D"
        + "\U0002F890";

    public static UnicodeCategory Category(int code) => CharUnicodeInfo.GetUnicodeCategory(code);

    public static bool IsSpace(int code) =>
        code
            is (>= 9 and <= 13)
                or (>= 0x1C and <= 0x20)
                or 0x85
                or 0xA0
                or 0x1680
                or (>= 0x2000 and <= 0x200A)
                or 0x2028
                or 0x2029
                or 0x202F
                or 0x205F
                or 0x3000;

    public static bool IsLineBreak(int code) => code is (>= 10 and <= 13) or (>= 0x1C and <= 0x1E) or 0x85 or 0x2028 or 0x2029;

    public static bool IsPrintable(int code) =>
        code == ' '
        || Category(code)
            is not (
                UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.SpaceSeparator
            );

    public static bool IsLetter(int code) =>
        Category(code)
            is UnicodeCategory.UppercaseLetter
                or UnicodeCategory.LowercaseLetter
                or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter
                or UnicodeCategory.OtherLetter;

    public static bool IsDecimal(int code) => Category(code) == UnicodeCategory.DecimalDigitNumber;

    public static bool IsDigit(int code) =>
        IsDecimal(code) || (Numeric(code) is >= 0 and <= 9 && CharUnicodeInfo.GetDigitValue(Text(code), 0) >= 0);

    public static bool IsNumeric(int code) =>
        Numeric(code) != -1 || (code >= 0x3400 && NumericIdeographs.Contains(Text(code), StringComparison.Ordinal));

    public static bool IsLower(int code) =>
        Category(code) == UnicodeCategory.LowercaseLetter
        || code
            is 0xAA
                or 0xBA
                or (>= 0x2B0 and <= 0x2B8)
                or 0x2C0
                or 0x2C1
                or (>= 0x2E0 and <= 0x2E4)
                or 0x345
                or 0x37A
                or (>= 0x1D2C and <= 0x1D6A)
                or 0x1D78
                or (>= 0x1D9B and <= 0x1DBF)
                or 0x2071
                or 0x207F
                or (>= 0x2090 and <= 0x209C)
                or (>= 0x2170 and <= 0x217F)
                or (>= 0x24D0 and <= 0x24E9)
                or 0x2C7C
                or 0x2C7D
                or 0xA69C
                or 0xA69D
                or 0xA770
                or 0xA7F8
                or 0xA7F9
                or (>= 0xAB5C and <= 0xAB5F)
                or 0x10780
                or (>= 0x10783 and <= 0x10785)
                or (>= 0x10787 and <= 0x107B0)
                or (>= 0x107B2 and <= 0x107BA);

    public static bool IsUpper(int code) =>
        Category(code) == UnicodeCategory.UppercaseLetter
        || code
            is (>= 0x2160 and <= 0x216F)
                or (>= 0x24B6 and <= 0x24CF)
                or (>= 0x1F130 and <= 0x1F149)
                or (>= 0x1F150 and <= 0x1F169)
                or (>= 0x1F170 and <= 0x1F189);

    public static bool IsTitle(int code) => Category(code) == UnicodeCategory.TitlecaseLetter;

    public static bool IsCased(int code) => IsLower(code) || IsUpper(code) || IsTitle(code);

    /// <summary>Characters that the rule of the final sigma passes over.</summary>
    public static bool IsCaseIgnorable(int code) =>
        code
            is '\''
                or '.'
                or ':'
                or '^'
                or '`'
                or 0xA8
                or 0xAD
                or 0xAF
                or 0xB4
                or 0xB7
                or 0xB8
                or 0x2018
                or 0x2019
                or 0x2024
                or 0x2027
                or 0x387
                or 0x55F
                or 0x5F4
                or 0xFE13
                or 0xFE52
                or 0xFE55
                or 0xFF07
                or 0xFF0E
                or 0xFF1A
        || Category(code)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.EnclosingMark
                or UnicodeCategory.Format
                or UnicodeCategory.ModifierLetter
                or UnicodeCategory.ModifierSymbol;

    public static bool IsNameStart(int code) => code == '_' || IsLetter(code) || Category(code) == UnicodeCategory.LetterNumber;

    public static bool IsNamePart(int code) =>
        IsNameStart(code)
        || IsDecimal(code)
        || Category(code) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation
        || code is 0xB7 or 0x387;

    /// <summary>What <c>\w</c> matches in Python's expressions.</summary>
    public static bool IsWord(int code) => code == '_' || IsLetter(code) || IsNumeric(code);

    public static int DecimalValue(int code) => CharUnicodeInfo.GetDecimalDigitValue(Text(code), 0);

    /// <summary>The code point at a UTF-16 unit; half of a surrogate pair stands for itself.</summary>
    public static int At(string text, int unit) => WidthAt(text, unit) == 2 ? char.ConvertToUtf32(text, unit) : text[unit];

    /// <summary>UTF-16 units of the code point that begins there.</summary>
    public static int WidthAt(string text, int unit) =>
        char.IsHighSurrogate(text[unit]) && unit + 1 < text.Length && char.IsLowSurrogate(text[unit + 1]) ? 2 : 1;

    /// <summary>UTF-16 units of the code point that ends before <paramref name="unit"/>, and not before <paramref name="start"/>.</summary>
    public static int WidthBefore(string text, int unit, int start = 0) =>
        unit - start > 1 && char.IsLowSurrogate(text[unit - 1]) && char.IsHighSurrogate(text[unit - 2]) ? 2 : 1;

    /// <summary>The code points of a text.</summary>
    public static IEnumerable<int> Codes(string text)
    {
        for (int unit = 0; unit < text.Length; unit += WidthAt(text, unit))
            yield return At(text, unit);
    }

    public static string Text(int code) => code is >= 0xD800 and <= 0xDFFF ? ((char)code).ToString() : char.ConvertFromUtf32(code);

    private static double Numeric(int code) => CharUnicodeInfo.GetNumericValue(Text(code), 0);
}
