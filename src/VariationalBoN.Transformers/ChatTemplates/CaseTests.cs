namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Questions about the characters of a text, as Python's <c>isdigit</c> and its like answer them.</summary>
internal static class CaseTests
{
    /// <summary>True for a text with letters that have a case, all of them of this one.</summary>
    public static bool HasCase(string text, bool upper)
    {
        bool found = false;
        foreach (int code in Characters.Codes(text))
        {
            if (Characters.IsTitle(code) || (upper ? Characters.IsLower(code) : Characters.IsUpper(code)))
                return false;
            found |= upper ? Characters.IsUpper(code) : Characters.IsLower(code);
        }
        return found;
    }

    public static bool IsTitle(string text)
    {
        bool found = false,
            afterCased = false;
        foreach (int code in Characters.Codes(text))
        {
            if (Characters.IsUpper(code) || Characters.IsTitle(code))
            {
                if (afterCased)
                    return false;
                found = afterCased = true;
            }
            else if (Characters.IsLower(code))
            {
                if (!afterCased)
                    return false;
                found = true;
            }
            else
            {
                afterCased = false;
            }
        }
        return found;
    }

    /// <summary>The answer to a method that begins with "is".</summary>
    public static bool Answer(string method, string text) =>
        method switch
        {
            "isalnum" => All(text, code => Characters.IsLetter(code) || Characters.IsNumeric(code)),
            "isalpha" => All(text, Characters.IsLetter),
            "isascii" => text.All(char.IsAscii),
            "isdecimal" => All(text, Characters.IsDecimal),
            "isdigit" => All(text, Characters.IsDigit),
            "isidentifier" => text.All(char.IsAscii)
                ? text.Length > 0 && Characters.IsNameStart(text[0]) && All(text, Characters.IsNamePart)
                : throw TemplateFault.Unsupported("the engine knows isidentifier for ASCII alone"),
            "islower" => HasCase(text, upper: false),
            "isnumeric" => All(text, Characters.IsNumeric),
            "isprintable" => Characters.Codes(text).All(Characters.IsPrintable),
            "isspace" => All(text, Characters.IsSpace),
            "istitle" => IsTitle(text),
            "isupper" => HasCase(text, upper: true),
            _ => throw new ArgumentException($"There is no method '{method}'.", nameof(method)),
        };

    private static bool All(string text, Func<int, bool> holds) => text.Length > 0 && Characters.Codes(text).All(holds);
}
