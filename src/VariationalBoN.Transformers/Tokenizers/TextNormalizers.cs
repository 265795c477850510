using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What is done to a text before it is cut.</summary>
internal static class TextNormalizers
{
    /// <summary>
    /// A normalisation form of Unicode 9.0, which the original has, whatever the version of ICU: a character that came later has no
    /// decomposition there, joins with none and keeps its place,
    /// so what stands between two of them is normalised by itself.
    /// </summary>
    internal static Func<string, string> Form(NormalizationForm form)
    {
        if ("e\u0301".Normalize(NormalizationForm.FormC) != "\u00e9")
            throw new PlatformNotSupportedException(
                "The tokenizer normalises Unicode, which .NET leaves out in invariant globalization mode; install ICU and unset "
                    + "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT."
            );
        return text =>
        {
            if (Ascii.IsValid(text))
                return text;
            StringBuilder? parts = null;
            int last = 0,
                at = 0;
            foreach (var rune in text.EnumerateRunes())
            {
                int next = at + rune.Utf16SequenceLength;
                if (!UnicodeTables.Assigned9.Contains(rune.Value))
                {
                    (parts ??= new StringBuilder(text.Length)).Append(text[last..at].Normalize(form)).Append(rune);
                    last = next;
                }

                at = next;
            }

            return parts is null ? text.Normalize(form) : parts.Append(text[last..].Normalize(form)).ToString();
        };
    }

    internal static Func<string, string> Without(Func<Rune, bool> unwanted) => text => Rewrite(text, unwanted, static (_, _) => { });

    /// <summary>Lower case character by character, so a final sigma is as any other; of single characters only İ becomes two.</summary>
    internal static string Lowercase(string text) =>
        Ascii.IsValid(text)
            ? text.ToLowerInvariant()
            : Rewrite(
                text,
                static rune => rune.Value == 'İ' || CharacterClass.ToLower(rune) != rune,
                static (rune, lower) =>
                {
                    if (rune.Value == 'İ')
                        lower.Append("i\u0307");
                    else
                        lower.Append(CharacterClass.ToLower(rune));
                }
            );

    internal static Func<string, string> Strip(bool left, bool right) =>
        text =>
        {
            int start = 0,
                end = text.Length; // white space lies in the basic plane
            while (left && start < end && char.IsWhiteSpace(text[start]))
                start++;
            while (right && end > start && char.IsWhiteSpace(text[end - 1]))
                end--;
            return text[start..end];
        };

    internal static Func<string, string> Replace(TextPattern pattern, string content) =>
        text =>
            pattern.Replace(text, content, TextPipeline.MostGrowth(text.Length))
            ?? throw new InvalidOperationException(
                $"The tokenizer's normaliser turns {text.Length} characters into more than " + $"{TextPipeline.MostGrowth(text.Length)}."
            );

    /// <summary>BERT's normaliser: control characters out, Chinese characters as words of their own, accents off, lower case.</summary>
    internal static Func<string, string> Bert(bool cleanText, bool chinese, bool stripAccents, bool lowercase)
    {
        var decompose = stripAccents ? Form(NormalizationForm.FormD) : null;
        var unaccented = Without(CharacterClass.IsBertMark);
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

    private static string Clean(string text) =>
        Rewrite(
            text,
            static rune =>
                rune.Value != ' ' && (rune.Value is 0 or 0xFFFD || Rune.IsWhiteSpace(rune) || CharacterClass.IsBertControl(rune)),
            static (rune, clean) =>
            {
                if (rune.Value is not (0 or 0xFFFD) && !CharacterClass.IsBertControl(rune))
                    clean.Append(' ');
            }
        );

    private static string SpaceChinese(string text) =>
        Rewrite(text, CharacterClass.IsBertChinese, static (rune, spaced) => spaced.Append(' ').Append(rune).Append(' '));

    /// <summary>Writes some characters otherwise; a text without any of them is handed back as it is.</summary>
    private static string Rewrite(string text, Func<Rune, bool> touched, Action<Rune, StringBuilder> write)
    {
        StringBuilder? written = null;
        int last = 0,
            at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            int next = at + rune.Utf16SequenceLength;
            if (touched(rune))
            {
                written ??= new StringBuilder(text.Length);
                write(rune, written.Append(text, last, at - last));
                last = next;
            }

            at = next;
        }

        return written is null ? text : written.Append(text, last, text.Length - last).ToString();
    }
}
