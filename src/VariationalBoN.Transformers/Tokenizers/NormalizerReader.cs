using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Makes the normaliser that a <c>tokenizer.json</c> describes.</summary>
internal static class NormalizerReader
{
    /// <param name="section">The description; null for none.</param>
    /// <param name="settings">BERT's class overrides the file with its own settings, at the top level alone.</param>
    internal static Func<string, string>? Read(JsonSection? section, TokenizerSettings settings)
    {
        if (section is null)
            return null;
        bool bert = settings.Class.IsBert;
        string type = section.Text("type");
        Func<string, string> made = type switch
        {
            "BertNormalizer" => Bert(section, bert ? settings : null),
            "Sequence" => Sequence([.. section.Sections("normalizers").Select(inner => Read(inner, TokenizerSettings.None)!)]),
            "NFC" => TextNormalizers.Form(NormalizationForm.FormC),
            "NFD" => TextNormalizers.Form(NormalizationForm.FormD),
            "NFKC" => TextNormalizers.Form(NormalizationForm.FormKC),
            "NFKD" => TextNormalizers.Form(NormalizationForm.FormKD),
            "Lowercase" => TextNormalizers.Lowercase,
            "StripAccents" => TextNormalizers.Without(CharacterClass.IsMark),
            "Strip" => TextNormalizers.Strip(section.Flag("strip_left"), section.Flag("strip_right")),
            "Replace" => TextNormalizers.Replace(TextPattern.Read(section, "pattern"), section.Text("content")),
            "Prepend" => section.Text("prepend") is var prefix ? text => text.Length == 0 ? text : prefix + text : null!,
            "ByteLevel" => ByteLevelAlphabet.Encode,
            _ => throw section.Fault(
                "type",
                $"is \"{type}\"; supported: BertNormalizer, Sequence, NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Replace, "
                    + $"Prepend, ByteLevel"
            ),
        };
        section.IgnoreStray();
        section.RequireNothingLeft();
        return made;
    }

    private static Func<string, string> Sequence(Func<string, string>[] parts) =>
        text =>
        {
            int most = TextPipeline.MostGrowth(text.Length);
            foreach (var part in parts)
            {
                int before = text.Length;
                text = part(text);
                if (text.Length > most)
                    throw new InvalidOperationException($"The tokenizer's normaliser turns {before} characters into {text.Length}.");
            }

            return text;
        };

    private static Func<string, string> Bert(JsonSection section, TokenizerSettings? over)
    {
        bool clean = section.Flag("clean_text");
        bool chinese = section.Flag("handle_chinese_chars");
        bool? strip = section.FlagOrNull("strip_accents");
        bool lowercase = section.Flag("lowercase");
        if (over is not null)
            (chinese, strip, lowercase) = (over.TokenizeChinese, over.StripAccents, over.LowerCase);
        return TextNormalizers.Bert(clean, chinese, strip ?? lowercase, lowercase);
    }
}
