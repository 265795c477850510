using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>
/// The properties of characters as Hugging Face's Rust code asks for them, each in the version of Unicode that its part of the code has.
/// </summary>
/// <remarks>General categories of Oniguruma's expressions are of Unicode 16.0, as those of .NET 10.</remarks>
internal static class CharacterClass
{
    /// <summary>
    /// What <c>\w</c> of Rust's expressions takes: letters, marks, digits, connecting punctuation, letters in circles, the two joiners.
    /// </summary>
    internal static bool IsWord(Rune rune) => IsRegexWord(rune) || rune.Value is 0x200C or 0x200D;

    /// <summary>What <c>\w</c> in a class takes in Oniguruma.</summary>
    internal static bool IsRegexWord(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation
        || rune.Value
            is (>= 0x24B6 and <= 0x24E9)
                or (>= 0x1F130 and <= 0x1F149)
                or (>= 0x1F150 and <= 0x1F169)
                or (>= 0x1F170 and <= 0x1F189); // Other_Alphabetic

    /// <summary>Numbers of Unicode 17.</summary>
    internal static bool IsNumber(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber
        || rune.Value is (>= 0x11DE0 and <= 0x11DE9) or (>= 0x16FF4 and <= 0x16FF6);

    /// <summary>
    /// The lower case of Unicode 17, where it is one character; .NET 10 leaves these letters of Unicode 16 and 17 as they are.
    /// </summary>
    internal static Rune ToLower(Rune rune) =>
        rune.Value switch
        {
            < 0x1C89 => Rune.ToLowerInvariant(rune),
            0x1C89 or 0xA7CC or 0xA7CE or 0xA7D2 or 0xA7D4 or 0xA7DA => new Rune(rune.Value + 1),
            0xA7CB => new Rune(0x0264),
            0xA7DC => new Rune(0x019B),
            >= 0x10D50 and <= 0x10D65 => new Rune(rune.Value + 0x20),
            >= 0x16EA0 and <= 0x16EB8 => new Rune(rune.Value + 0x1B),
            _ => Rune.ToLowerInvariant(rune),
        };

    internal static bool IsMark(Rune rune) => UnicodeTables.Mark.Contains(rune.Value);

    /// <summary>The marks that BERT's normaliser takes for accents.</summary>
    internal static bool IsBertMark(Rune rune) => UnicodeTables.BertMark.Contains(rune.Value);

    /// <summary>Punctuation of Unicode, and every ASCII symbol.</summary>
    internal static bool IsPunctuation(Rune rune) => UnicodeTables.Punctuation.Contains(rune.Value);

    /// <summary>BERT's control characters: Cc, Cf and Co but tab and line ends.</summary>
    internal static bool IsBertControl(Rune rune) => UnicodeTables.BertControl.Contains(rune.Value);

    /// <summary>BERT's Chinese characters, with the gap of Hugging Face's table.</summary>
    internal static bool IsBertChinese(Rune rune) =>
        rune.Value
            is (>= 0x4E00 and <= 0x9FFF)
                or (>= 0x3400 and <= 0x4DBF)
                or (>= 0x20000 and <= 0x2A6DF)
                or (>= 0x2A700 and <= 0x2B73F)
                or (>= 0x2B740 and <= 0x2B81F)
                or (>= 0x2B920 and <= 0x2CEAF)
                or (>= 0xF900 and <= 0xFAFF)
                or (>= 0x2F800 and <= 0x2FA1F);
}
