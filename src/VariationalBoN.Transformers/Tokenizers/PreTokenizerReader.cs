using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Makes what cuts a text into the words that a model sees, as <c>tokenizer.json</c> describes it.</summary>
internal static class PreTokenizerReader
{
    private static readonly TextPattern s_gpt2 = new(null, UnicodeRegex.Gpt2);

    /// <param name="section">The description; null for none.</param>
    /// <param name="prefixSpace">The setting of the tokenizer's class,
    /// which overrides a ByteLevel of the file at the top level; null inside a sequence.</param>
    internal static PieceCutter? Read(JsonSection? section, bool? prefixSpace)
    {
        if (section is null)
            return null;
        string type = section.Text("type");
        PieceCutter made = type switch
        {
            "Sequence" => Sequence([.. section.Sections("pretokenizers").Select(inner => Read(inner, null)!)]),
            "ByteLevel" => ReadByteLevel(section, prefixSpace),
            "Split" => ReadSplit(section),
            "Metaspace" => ReadMetaspace(section),
            "BertPreTokenizer" => Bert,
            "Whitespace" => WordsAndSymbols,
            "WhitespaceSplit" => Cut(Rune.IsWhiteSpace, SplitBehavior.Removed),
            "Punctuation" => Cut(CharacterClass.IsPunctuation, section.Holds("behavior") ? Behavior(section) : SplitBehavior.Isolated),
            "Digits" => Cut(CharacterClass.IsNumber, section.Flag("individual_digits") ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
            "CharDelimiterSplit" => Rune.GetRuneAt(section.Character("delimiter"), 0) is var delimiter
                ? Cut(rune => rune == delimiter, SplitBehavior.Removed)
                : null!,
            _ => throw section.Fault(
                "type",
                $"is \"{type}\"; supported: Sequence, ByteLevel, Split, Metaspace, BertPreTokenizer, Whitespace, WhitespaceSplit, "
                    + $"Punctuation, Digits, CharDelimiterSplit"
            ),
        };
        section.IgnoreStray();
        section.RequireNothingLeft();
        return made;
    }

    internal static PieceCutter Sequence(params PieceCutter[] parts) =>
        (piece, next) =>
        {
            for (int i = parts.Length - 1; i > 0; i--)
                next = Then(parts[i], next);
            if (parts.Length == 0)
                next(piece);
            else
                parts[0](piece, next);
        };

    /// <summary>Words between white space, each punctuation mark on its own.</summary>
    internal static void Bert(Piece piece, PieceSink next)
    {
        int start = 0;
        for (int at = 0; at < piece.Text.Length; )
        {
            _ = Rune.DecodeFromUtf16(piece.Text[at..], out var rune, out int length);
            bool space = Rune.IsWhiteSpace(rune);
            if (space || CharacterClass.IsPunctuation(rune))
            {
                if (at > start)
                    next(piece.Slice(start, at));
                if (!space)
                    next(piece.Slice(at, at + length));
                start = at + length;
            }

            at += length;
        }

        if (start < piece.Text.Length)
            next(piece.Slice(start, piece.Text.Length));
    }

    internal static PieceCutter ByteLevel(bool prefixSpace, bool useRegex) =>
        (piece, next) =>
        {
            if (prefixSpace && piece.Text[0] != ' ')
                piece = new Piece(string.Concat(" ", piece.Text), piece.First);
            if (useRegex)
                s_gpt2.Cut(piece, SplitBehavior.Isolated, false, word => ByteLevelAlphabet.Encode(word, next));
            else
                ByteLevelAlphabet.Encode(piece, next);
        };

    internal static PieceCutter Split(TextPattern pattern, SplitBehavior behavior, bool invert) =>
        (piece, next) => pattern.Cut(piece, behavior, invert, next);

    private static PieceSink Then(PieceCutter part, PieceSink next) => piece => part(piece, next);

    private static PieceCutter ReadByteLevel(JsonSection section, bool? prefixSpace)
    {
        bool own = section.Flag("add_prefix_space");
        section.FlagOrNull("trim_offsets"); // concerns offsets, which nothing here returns
        return ByteLevel(prefixSpace ?? own, section.FlagOrNull("use_regex") ?? true);
    }

    private static PieceCutter ReadSplit(JsonSection section) =>
        Split(TextPattern.Read(section, "pattern"), Behavior(section), section.FlagOrNull("invert") ?? false);

    private static PieceCutter ReadMetaspace(JsonSection section)
    {
        string replacement = section.Character("replacement");
        string scheme = PrependScheme(section);
        bool split = section.FlagOrNull("split") ?? true;
        var pattern = new TextPattern(replacement, null);
        return (piece, next) =>
        {
            string text = piece.Text.ToString().Replace(" ", replacement, StringComparison.Ordinal);
            if ((scheme == "always" || scheme == "first" && piece.First) && !text.StartsWith(replacement, StringComparison.Ordinal))
                text = replacement + text;
            piece = new Piece(text, piece.First);
            if (split)
                pattern.Cut(piece, SplitBehavior.MergedWithNext, false, next);
            else
                next(piece);
        };
    }

    /// <summary>
    /// When a Metaspace puts its character before a text. Older files say it with <c>add_prefix_space</c>;
    /// the class's own setting of that name reaches the type ByteLevel alone.
    /// </summary>
    /// <exception cref="InvalidDataException">The scheme is unknown, or absent or another than never beside <c>add_prefix_space</c> =
    /// false; the original refuses the same.</exception>
    internal static string PrependScheme(JsonSection section)
    {
        section.TextOrNull("str_rep"); // the replacement once more
        string scheme = section.Holds("prepend_scheme") ? section.Text("prepend_scheme") : "always";
        if (scheme is not ("always" or "first" or "never"))
            throw section.Fault("prepend_scheme", $"is \"{scheme}\"; it must be always, first or never");
        return section.FlagOrNull("add_prefix_space") != false || scheme == "never"
            ? scheme
            : throw section.Fault(
                "add_prefix_space",
                $"is false beside prepend_scheme = {scheme}{(section.Holds("prepend_scheme") ? "" : ", which its absence means")}; set "
                    + "prepend_scheme to never"
            );
    }

    private static SplitBehavior Behavior(JsonSection section) =>
        section.Text("behavior") is var name && Enum.GetNames<SplitBehavior>().Contains(name)
            ? Enum.Parse<SplitBehavior>(name)
            : throw section.Fault("behavior", $"is \"{name}\"; supported: {string.Join(", ", Enum.GetNames<SplitBehavior>())}");

    /// <summary>Cuts at every character of a kind, each a match of its own.</summary>
    private static PieceCutter Cut(Func<Rune, bool> at, SplitBehavior behavior) =>
        (piece, next) =>
        {
            var splitter = new PieceSplitter(piece, behavior, false, next);
            for (int start = 0; start < piece.Text.Length; )
            {
                _ = Rune.DecodeFromUtf16(piece.Text[start..], out var rune, out int length);
                if (at(rune))
                    splitter.Match(start, start + length);
                start += length;
            }

            splitter.Finish();
        };

    /// <summary>The runs of word characters and the runs of what is neither word nor white space.</summary>
    private static void WordsAndSymbols(Piece piece, PieceSink next)
    {
        int at = 0,
            start = 0,
            kind = 0;
        while (at < piece.Text.Length)
        {
            _ = Rune.DecodeFromUtf16(piece.Text[at..], out var rune, out int length);
            int found =
                CharacterClass.IsWord(rune) ? 1
                : Rune.IsWhiteSpace(rune) ? 0
                : 2;
            if (found != kind && kind != 0)
                next(piece.Slice(start, at));
            if (found != kind)
                (start, kind) = (at, found);
            at += length;
        }

        if (kind != 0)
            next(piece.Slice(start, at));
    }
}
