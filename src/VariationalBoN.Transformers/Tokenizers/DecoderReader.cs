using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Makes what turns tokens into text, as <c>tokenizer.json</c> describes it.</summary>
internal static class DecoderReader
{
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
            "Replace" => TextNormalizers.Replace(TextPattern.Read(section, "pattern"), section.Text("content")) is var replace ? tokens => [.. tokens.Select(replace)] : null!,
            _ => throw section.Fault("type", $"is \"{type}\"; supported: Sequence, ByteLevel, WordPiece, Metaspace, BPEDecoder, ByteFallback, Fuse, Strip, Replace"),
        };
        section.RequireNothingLeft();
        return made;
    }

    internal static Func<IReadOnlyList<string>, IReadOnlyList<string>> WordPiece(string prefix, bool cleanup) => tokens =>
    {
        var texts = new string[tokens.Count];
        for (int i = 0; i < texts.Length; i++)
        {
            string token = i == 0 ? tokens[i] : tokens[i].StartsWith(prefix, StringComparison.Ordinal) ? tokens[i][prefix.Length..] : " " + tokens[i];
            texts[i] = cleanup ? CleanUp(token).Replace(" do not", " don't", StringComparison.Ordinal) : token;
        }

        return texts;
    };

    /// <summary>Takes out the spaces that English does not put before punctuation.</summary>
    internal static string CleanUp(string text)
    {
        foreach (string mark in (ReadOnlySpan<string>)[".", "?", "!", ",", "' ", "n't", "'m", "'s", "'ve", "'re"])
            text = text.Replace(" " + mark, mark.TrimEnd(), StringComparison.Ordinal);
        return text;
    }

    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> Sequence(Func<IReadOnlyList<string>, IReadOnlyList<string>>[] parts) =>
        tokens => parts.Aggregate(tokens, (current, part) => part(current));

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

    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> Suffix(string suffix) => suffix.Length == 0 ? tokens => tokens
        : tokens => [.. tokens.Select((token, i) => token.Replace(suffix, i == tokens.Count - 1 ? "" : " ", StringComparison.Ordinal))];

    private static Func<IReadOnlyList<string>, IReadOnlyList<string>> Strip(string content, int start, int stop) => tokens => [.. tokens.Select(token =>
    {
        for (int i = 0; i < start && token.StartsWith(content, StringComparison.Ordinal); i++)
            token = token[content.Length..];
        for (int i = 0; i < stop && token.EndsWith(content, StringComparison.Ordinal); i++)
            token = token[..^content.Length];
        return token;
    })];

    /// <summary>Byte tokens as the text they spell, or U+FFFD for each byte of a run that spells none.</summary>
    private static List<string> ByteFallback(IReadOnlyList<string> tokens)
    {
        var texts = new List<string>(tokens.Count);
        var bytes = new List<byte>();
        foreach (string token in tokens)
        {
            if (token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>' && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
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
