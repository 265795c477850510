using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Makes what turns tokens into text, as <c>tokenizer.json</c> describes it.</summary>
internal static class DecoderReader
{
    private static readonly (string Spaced, string Mark)[] s_marks =
    [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];

    internal static Func<IReadOnlyList<string>, IReadOnlyList<string>>? Read(JsonSection? section)
    {
        if (section is null)
            return null;
        string type = section.Text("type");
        Func<IReadOnlyList<string>, IReadOnlyList<string>> made = type switch
        {
            "Sequence" => Sequence([.. section.Sections("decoders").Select(inner => Read(inner)!)]),
            "ByteLevel" => ReadByteLevel(section),
            "WordPiece" => WordPiece(section.Text("prefix"), section.Flag("cleanup")),
            "Metaspace" => Metaspace(section),
            "BPEDecoder" => Suffix(section.Text("suffix")),
            "ByteFallback" => ByteFallback,
            "Fuse" => tokens => [string.Concat(tokens)],
            "Strip" => Strip(section.Character("content"), section.Count("start"), section.Count("stop")),
            "Replace" => Replace(TextPattern.Read(section, "pattern"), section.Text("content")),
            _ => throw section.Fault(
                "type",
                $"is \"{type}\"; supported: Sequence, ByteLevel, WordPiece, Metaspace, BPEDecoder, ByteFallback, Fuse, Strip, Replace"
            ),
        };
        section.IgnoreStray();
        section.RequireNothingLeft();
        return made;
    }

    internal static Func<IReadOnlyList<string>, IReadOnlyList<string>> WordPiece(string prefix, bool cleanup) =>
        tokens =>
        {
            var texts = new string[tokens.Count];
            for (int i = 0; i < texts.Length; i++)
            {
                string token =
                    i == 0 ? tokens[i]
                    : tokens[i].StartsWith(prefix, StringComparison.Ordinal) ? tokens[i][prefix.Length..]
                    : " " + tokens[i];
                texts[i] = cleanup ? CleanUp(token).Replace(" do not", " don't", StringComparison.Ordinal) : token;
            }

            return texts;
        };

    /// <summary>Takes out the spaces that English does not put before punctuation.</summary>
    internal static string CleanUp(string text)
    {
        foreach (var (spaced, mark) in s_marks)
            text = text.Replace(spaced, mark, StringComparison.Ordinal);
        return text;
    }

    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> Sequence(
        Func<IReadOnlyList<string>, IReadOnlyList<string>>[] parts
    ) =>
        tokens =>
        {
            int before = Characters(tokens);
            foreach (var part in parts)
            {
                tokens = part(tokens);
                if (Characters(tokens) > TextPipeline.MostGrowth(before))
                    throw TooLong(before);
            }

            return tokens;
        };

    /// <summary>Replaces in every token; what all of them may become together is bounded.</summary>
    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> Replace(TextPattern pattern, string content) =>
        tokens =>
        {
            int before = Characters(tokens),
                left = TextPipeline.MostGrowth(before);
            var texts = new string[tokens.Count];
            for (int i = 0; i < texts.Length; i++)
            {
                texts[i] = pattern.Replace(tokens[i], content, left) ?? throw TooLong(before);
                if ((left -= texts[i].Length) < 0)
                    throw TooLong(before);
            }

            return texts;
        };

    private static int Characters(IReadOnlyList<string> tokens)
    {
        long sum = 0;
        for (int i = 0; i < tokens.Count; i++)
            sum += tokens[i].Length;
        return (int)Math.Min(sum, int.MaxValue);
    }

    private static InvalidOperationException TooLong(int before) =>
        new($"The tokenizer's decoder turns tokens of {before} characters into more than {TextPipeline.MostGrowth(before)}.");

    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> ReadByteLevel(JsonSection section)
    {
        section.Ignore("add_prefix_space", "trim_offsets", "use_regex"); // of the pre-tokenizer of the same name
        return tokens => [ByteLevelAlphabet.Decode(tokens)];
    }

    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> Metaspace(JsonSection section)
    {
        string replacement = section.Character("replacement");
        bool drops = PreTokenizerReader.PrependScheme(section) != "never";
        section.FlagOrNull("split");
        return tokens => [.. tokens.Select((token, i) => token.Replace(replacement, i == 0 && drops ? "" : " ", StringComparison.Ordinal))];
    }

    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> Suffix(string suffix) =>
        suffix.Length == 0
            ? tokens => tokens
            : tokens => [.. tokens.Select((token, i) => token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];

    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> Strip(string content, int start, int stop) =>
        tokens =>
            [
                .. tokens.Select(token =>
                {
                    int first = 0,
                        end = token.Length;
                    for (int i = 0; i < start && token.AsSpan(first, end - first).StartsWith(content, StringComparison.Ordinal); i++)
                        first += content.Length;
                    for (int i = 0; i < stop && token.AsSpan(first, end - first).EndsWith(content, StringComparison.Ordinal); i++)
                        end -= content.Length;
                    return token[first..end];
                }),
            ];

    /// <summary>Byte tokens as the text they spell, or U+FFFD for each byte of a run that spells none.</summary>
    private static List<string> ByteFallback(IReadOnlyList<string> tokens)
    {
        var texts = new List<string>(tokens.Count);
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            if (
                token.Length == 6
                && token.StartsWith("<0x", StringComparison.Ordinal)
                && token[5] == '>'
                && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value)
            )
            {
                bytes.Add(value);
                continue;
            }

            Flush();
            texts.Add(token);
        }

        Flush();
        return texts;

        void Flush()
        {
            byte[] run = [.. bytes];
            bytes.Clear();
            if (run.Length == 0)
                return;
            if (System.Text.Unicode.Utf8.IsValid(run))
                texts.Add(Encoding.UTF8.GetString(run));
            else
                texts.AddRange(Enumerable.Repeat("\uFFFD", run.Length));
        }
    }
}
