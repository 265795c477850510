using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What is done to a text before it is cut.</summary>
internal static class TextNormalizers
{
    /// <summary>A Unicode normalisation form; U+FFFE, which .NET refuses though it takes part in no composition, is carried through.</summary>
    internal static Func<string, string> Form(NormalizationForm form)
    {
        if ("e\u0301".Normalize(NormalizationForm.FormC) != "\u00e9")
            throw new PlatformNotSupportedException("The tokenizer normalises Unicode, which .NET leaves out in invariant globalization mode; install ICU and unset DOTNET_SYSTEM_GLOBALIZATION_INVARIANT.");
        return text => Ascii.IsValid(text) ? text : !text.Contains('\uFFFE') ? text.Normalize(form)
            : string.Join('\uFFFE', text.Split('\uFFFE').Select(part => part.Normalize(form)));
    }

    internal static Func<string, string> Without(Func<Rune, bool> unwanted) => text =>
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!unwanted(rune))
                kept.Append(rune);
        }

        return kept.ToString();
    };

    /// <summary>Lower case character by character, so a final sigma is as any other; of single characters only İ becomes two.</summary>
    internal static string Lowercase(string text)
    {
        var lower = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == 'İ')
                lower.Append("i\u0307");
            else
                lower.Append(Rune.ToLowerInvariant(rune));
        }

        return lower.ToString();
    }

    internal static Func<string, string> Strip(bool left, bool right) => text =>
    {
        int start = 0, end = text.Length; // white space lies in the basic plane
        while (left && start < end && char.IsWhiteSpace(text[start]))
            start++;
        while (right && end > start && char.IsWhiteSpace(text[end - 1]))
            end--;
        return text[start..end];
    };

    internal static Func<string, string> Replace(TextPattern pattern, string content) => text =>
    {
        var replaced = new StringBuilder();
        int last = 0;
        foreach (var (start, end) in pattern.Matches(text))
        {
            replaced.Append(text, last, start - last).Append(content);
            last = end;
            if (replaced.Length > TextPipeline.MostGrowth(text.Length))
                throw new InvalidOperationException($"The tokenizer's normaliser makes of {text.Length} characters more than {TextPipeline.MostGrowth(text.Length)}.");
        }

        return last == 0 && replaced.Length == 0 ? text : replaced.Append(text, last, text.Length - last).ToString();
    };

    /// <summary>BERT's normaliser: control characters out, Chinese characters as words of their own, accents off, lower case.</summary>
    internal static Func<string, string> Bert(bool cleanText, bool chinese, bool stripAccents, bool lowercase)
    {
        var decompose = stripAccents ? Form(NormalizationForm.FormD) : null;
        var unaccented = Without(rune => Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.NonSpacingMark);
        return text =>
        {
            if (cleanText)
                text = Clean(text);
            if (chinese)
                text = SpaceChinese(text);
            if (decompose is not null)
                text = unaccented(decompose(text));
            return lowercase ? Lowercase(text) : text;
        };
    }

    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is 0 or 0xFFFD || CharacterClass.IsBertControl(rune))
                continue;
            if (Rune.IsWhiteSpace(rune))
                clean.Append(' ');
            else
                clean.Append(rune);
        }

        return clean.ToString();
    }

    private static string SpaceChinese(string text)
    {
        var spaced = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (CharacterClass.IsBertChinese(rune))
                spaced.Append(' ').Append(rune).Append(' ');
            else
                spaced.Append(rune);
        }

        return spaced.ToString();
    }
}
