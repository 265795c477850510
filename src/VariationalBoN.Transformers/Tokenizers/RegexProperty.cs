using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The properties of characters by the names that Oniguruma knows: general categories, POSIX brackets and a few more.</summary>
internal static class RegexProperty
{
    private static readonly string[] s_names =
    [
        "Lu:UppercaseLetter",
        "Ll:LowercaseLetter",
        "Lt:TitlecaseLetter",
        "Lm:ModifierLetter",
        "Lo:OtherLetter",
        "Mn:NonspacingMark",
        "Mc:SpacingMark",
        "Me:EnclosingMark",
        "Nd:DecimalNumber",
        "Nl:LetterNumber",
        "No:OtherNumber",
        "Zs:SpaceSeparator",
        "Zl:LineSeparator",
        "Zp:ParagraphSeparator",
        "Cc:Control",
        "Cf:Format",
        "Cs:Surrogate",
        "Co:PrivateUse",
        "Pc:ConnectorPunctuation",
        "Pd:DashPunctuation",
        "Ps:OpenPunctuation",
        "Pe:ClosePunctuation",
        "Pi:InitialPunctuation",
        "Pf:FinalPunctuation",
        "Po:OtherPunctuation",
        "Sm:MathSymbol",
        "Sc:CurrencySymbol",
        "Sk:ModifierSymbol",
        "So:OtherSymbol",
        "Cn:Unassigned",
    ];

    private static readonly Dictionary<char, string> s_groups = new()
    {
        ['L'] = "Letter",
        ['M'] = "Mark",
        ['N'] = "Number",
        ['Z'] = "Separator",
        ['C'] = "Other",
        ['P'] = "Punctuation",
        ['S'] = "Symbol",
    };

    private static readonly Dictionary<string, uint> s_categories = Categories();

    private static readonly Dictionary<string, Func<Rune, bool>> s_posix = new(StringComparer.Ordinal)
    {
        ["alpha"] = IsAlphabetic,
        ["alnum"] = static rune => IsAlphabetic(rune) || Is(rune, "nd"),
        ["ascii"] = static rune => rune.IsAscii,
        ["blank"] = static rune => rune.Value == '\t' || Is(rune, "zs"),
        ["cntrl"] = static rune => Is(rune, "cc"),
        ["digit"] = static rune => Is(rune, "nd"),
        ["graph"] = static rune => !Rune.IsWhiteSpace(rune) && !Is(rune, "cc") && !Is(rune, "cn"),
        ["lower"] = static rune => Is(rune, "ll") || UnicodeTables.OtherLowercase.Contains(rune.Value),
        ["print"] = static rune => !Is(rune, "cc") && !Is(rune, "cn") && !Is(rune, "zl") && !Is(rune, "zp"),
        ["punct"] = static rune => Is(rune, "p") || Is(rune, "s"),
        ["space"] = Rune.IsWhiteSpace,
        ["upper"] = static rune => Is(rune, "lu") || UnicodeTables.OtherUppercase.Contains(rune.Value),
        ["xdigit"] = static rune => rune.IsAscii && char.IsAsciiHexDigit((char)rune.Value),
        ["word"] = CharacterClass.IsRegexWord,
    };

    /// <summary>The set of <c>[:name:]</c>; null when there is none of that name.</summary>
    internal static Func<Rune, bool>? Posix(string name) => s_posix.GetValueOrDefault(name);

    /// <summary>The set of an escape's letter, such as <c>s</c>; null when there is none.</summary>
    internal static Func<Rune, bool>? Of(char letter, bool inClass) =>
        letter switch
        {
            's' => Rune.IsWhiteSpace,
            'd' => s_posix["digit"],
            'h' => s_posix["xdigit"],
            'w' => inClass
                ? CharacterClass.IsRegexWord
                : static rune => CharacterClass.IsRegexWord(rune) || rune.Value is 0xB2 or 0xB3 or 0xB9 or 0xBC or 0xBD or 0xBE,
            _ => null,
        };

    /// <summary>The set of <c>\p{name}</c>, whose case, spaces and lines do not count; null when there is none of that name.</summary>
    internal static Func<Rune, bool>? Of(string name, bool inClass)
    {
        string plain = string.Concat(name.Where(c => c is not (' ' or '-' or '_'))).ToLowerInvariant();
        if (s_categories.TryGetValue(plain, out uint mask))
            return rune => (mask >> (int)Rune.GetUnicodeCategory(rune) & 1) != 0;
        return plain switch
        {
            "any" => static _ => true,
            "assigned" => static rune => !Is(rune, "cn"),
            "punct" => static rune => Is(rune, "p"), // the brackets of this name take symbols too
            "posixpunct" => s_posix["punct"],
            "word" => Of('w', inClass),
            "whitespace" => Rune.IsWhiteSpace,
            "alphabetic" => IsAlphabetic,
            "uppercase" => s_posix["upper"],
            "lowercase" => s_posix["lower"],
            "extendedpictographic" => static rune => UnicodeTables.ExtendedPictographic.Contains(rune.Value),
            _ => Posix(plain),
        };
    }

    private static bool IsAlphabetic(Rune rune) => Is(rune, "l") || Is(rune, "nl") || UnicodeTables.OtherAlphabetic.Contains(rune.Value);

    private static bool Is(Rune rune, string category) => (s_categories[category] >> (int)Rune.GetUnicodeCategory(rune) & 1) != 0;

    private static Dictionary<string, uint> Categories()
    {
        var masks = new Dictionary<string, uint>(StringComparer.Ordinal);
        for (int i = 0; i < s_names.Length; i++)
        {
            uint mask = 1u << (int)Enum.Parse<UnicodeCategory>(i.ToString(CultureInfo.InvariantCulture));
            string shortName = s_names[i][..2],
                group = s_groups[shortName[0]];
            foreach (string name in (string[])[shortName, s_names[i][3..], shortName[..1], group])
                masks[name.ToLowerInvariant()] = masks.GetValueOrDefault(name.ToLowerInvariant()) | mask;
        }

        masks["lc"] = masks["casedletter"] = masks["lu"] | masks["ll"] | masks["lt"];
        return masks;
    }
}
