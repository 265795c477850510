using System.Text;

namespace VariationalBoN.Models;

/// <summary>Makes what cuts a text into the words that a model sees, as <c>tokenizer.json</c> describes it.</summary>
internal static class PreTokenizerReader
{
    /// <param name="section">The description; null for none.</param>
    /// <param name="prefixSpace">The setting of the tokenizer's class, which overrides a ByteLevel of the file at the top level; null inside a sequence.</param>
    internal static Func<Piece, IEnumerable<Piece>>? Read(JsonSection? section, bool? prefixSpace)
    {
        if (section is null)
            return null;
        string type = section.Text("type");
        Func<Piece, IEnumerable<Piece>> made = type switch
        {
            "Sequence" => Sequence([.. section.Sections("pretokenizers").Select(inner => Read(inner, null)!)]),
            "ByteLevel" => ReadByteLevel(section, prefixSpace),
            "Split" => ReadSplit(section),
            "Metaspace" => ReadMetaspace(section),
            "BertPreTokenizer" => Bert,
            "Whitespace" => piece => piece.Cut(WordsAndSymbols(piece.Text), SplitBehavior.Removed, invert: true),
            "WhitespaceSplit" => piece => piece.Cut(Each(piece.Text, Rune.IsWhiteSpace), SplitBehavior.Removed),
            "Punctuation" => Cut(CharacterClass.IsPunctuation, section.Holds("behavior") ? Behavior(section) : SplitBehavior.Isolated),
            "Digits" => Cut(CharacterClass.IsNumber, section.Flag("individual_digits") ? SplitBehavior.Isolated : SplitBehavior.Contiguous),
            "CharDelimiterSplit" => Rune.GetRuneAt(section.Character("delimiter"), 0) is var delimiter ? Cut(rune => rune == delimiter, SplitBehavior.Removed) : null!,
            _ => throw section.Fault("type", $"is \"{type}\"; supported: Sequence, ByteLevel, Split, Metaspace, BertPreTokenizer, Whitespace, WhitespaceSplit, Punctuation, Digits, CharDelimiterSplit"),
        };
        section.RequireNothingLeft();
        return made;
    }

    internal static Func<Piece, IEnumerable<Piece>> Sequence(params Func<Piece, IEnumerable<Piece>>[] parts) =>
        piece => parts.Aggregate((IEnumerable<Piece>)[piece], (pieces, part) => pieces.SelectMany(part));

    /// <summary>Words between white space, each punctuation mark on its own.</summary>
    internal static IEnumerable<Piece> Bert(Piece piece) => piece.Cut(Each(piece.Text, Rune.IsWhiteSpace), SplitBehavior.Removed)
        .SelectMany(word => word.Cut(Each(word.Text, CharacterClass.IsPunctuation), SplitBehavior.Isolated));

    internal static Func<Piece, IEnumerable<Piece>> ByteLevel(bool prefixSpace, bool useRegex) => piece =>
    {
        if (prefixSpace && !piece.Text.StartsWith(' '))
            piece = piece with { Text = " " + piece.Text };
        var words = useRegex ? piece.Cut(UnicodeRegex.Gpt2.Matches(piece.Text), SplitBehavior.Isolated) : [piece];
        return words.Select(word => word with { Text = ByteLevelAlphabet.Encode(word.Text) });
    };

    internal static Func<Piece, IEnumerable<Piece>> Split(TextPattern pattern, SplitBehavior behavior, bool invert) =>
        piece => piece.Cut(pattern.Matches(piece.Text), behavior, invert);

    private static Func<Piece, IEnumerable<Piece>> ReadByteLevel(JsonSection section, bool? prefixSpace)
    {
        bool own = section.Flag("add_prefix_space");
        section.FlagOrNull("trim_offsets"); // concerns offsets, which nothing here returns
        return ByteLevel(prefixSpace ?? own, section.FlagOrNull("use_regex") ?? true);
    }

    private static Func<Piece, IEnumerable<Piece>> ReadSplit(JsonSection section) =>
        Split(TextPattern.Read(section, "pattern"), Behavior(section), section.FlagOrNull("invert") ?? false);

    private static Func<Piece, IEnumerable<Piece>> ReadMetaspace(JsonSection section)
    {
        string replacement = section.Character("replacement");
        string scheme = PrependScheme(section);
        bool split = section.FlagOrNull("split") ?? true;
        var pattern = new TextPattern(replacement, null);
        return piece =>
        {
            string text = piece.Text.Replace(" ", replacement, StringComparison.Ordinal);
            if ((scheme == "always" || scheme == "first" && piece.First) && !text.StartsWith(replacement, StringComparison.Ordinal))
                text = replacement + text;
            piece = piece with { Text = text };
            return split ? piece.Cut(pattern.Matches(text), SplitBehavior.MergedWithNext) : [piece];
        };
    }

    /// <summary>
    /// When a Metaspace puts its character before a text. Older files say it with <c>add_prefix_space</c>; the class's own setting of that name reaches the type ByteLevel alone.
    /// </summary>
    /// <exception cref="InvalidDataException">The scheme is unknown, or absent or another than never beside <c>add_prefix_space</c> = false; the original refuses the same.</exception>
    internal static string PrependScheme(JsonSection section)
    {
        section.TextOrNull("str_rep"); // the replacement once more
        string scheme = section.Holds("prepend_scheme") ? section.Text("prepend_scheme") : "always";
        if (scheme is not ("always" or "first" or "never"))
            throw section.Fault("prepend_scheme", $"is \"{scheme}\"; it must be always, first or never");
        return section.FlagOrNull("add_prefix_space") != false || scheme == "never" ? scheme
            : throw section.Fault("add_prefix_space", $"is false beside prepend_scheme = {scheme}{(section.Holds("prepend_scheme") ? "" : ", which its absence means")}; set prepend_scheme to never");
    }

    private static SplitBehavior Behavior(JsonSection section) => section.Text("behavior") is var name && Enum.GetNames<SplitBehavior>().Contains(name)
        ? Enum.Parse<SplitBehavior>(name) : throw section.Fault("behavior", $"is \"{name}\"; supported: {string.Join(", ", Enum.GetNames<SplitBehavior>())}");

    private static Func<Piece, IEnumerable<Piece>> Cut(Func<Rune, bool> at, SplitBehavior behavior) => piece => piece.Cut(Each(piece.Text, at), behavior);

    /// <summary>Every character of a kind, as a match of its own.</summary>
    private static IEnumerable<(int Start, int End)> Each(string text, Func<Rune, bool> kind)
    {
        int at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (kind(rune))
                yield return (at, at + rune.Utf16SequenceLength);
            at += rune.Utf16SequenceLength;
        }
    }

    /// <summary>The runs of word characters and the runs of what is neither word nor white space.</summary>
    private static IEnumerable<(int Start, int End)> WordsAndSymbols(string text)
    {
        int at = 0, start = 0, kind = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            int next = CharacterClass.IsWord(rune) ? 1 : Rune.IsWhiteSpace(rune) ? 0 : 2;
            if (next != kind && kind != 0)
                yield return (start, at);
            if (next != kind)
                (start, kind) = (at, next);
            at += rune.Utf16SequenceLength;
        }

        if (kind != 0)
            yield return (start, at);
    }
}
