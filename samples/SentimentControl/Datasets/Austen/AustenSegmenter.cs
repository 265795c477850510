using System.Text;
using System.Text.RegularExpressions;

namespace SentimentControl.Datasets.Austen;

/// <summary>Cuts paragraphs into short segments and reads the label dialogue / narration off the quotation marks,
/// which it removes. Thread-safe.</summary>
/// <remarks>
/// A unit ends at a full stop, exclamation or question mark, semicolon or colon; neighbouring units of one kind are joined up to
/// <see cref="MaximumWords"/> words. A longer unit does not fit a completion:
/// it is cut at its commas and dashes, and dropped where it has none.
/// </remarks>
internal static partial class AustenSegmenter
{
    /// <summary>The most words in a segment.</summary>
    public const int MaximumWords = 28;

    /// <summary>The fewest words in a segment.</summary>
    public const int MinimumWords = 4;

    private static readonly HashSet<string> Abbreviations =
    [
        "Mr",
        "Mrs",
        "Dr",
        "St",
        "Esq",
        "Messrs",
        "Capt",
        "Col",
        "Lieut",
        "No",
        "c",
        "Hon",
        "Rev",
    ];

    /// <summary>The segments of all paragraphs, in reading order.</summary>
    /// <param name="paragraphs">The paragraphs.</param>
    /// <returns>The segments.</returns>
    public static List<AustenSegment> Segment(IEnumerable<AustenParagraph> paragraphs)
    {
        var segments = new List<AustenSegment>();
        foreach (AustenParagraph paragraph in paragraphs)
            Join(paragraph, Units(paragraph.Text), segments);
        return segments;
    }

    private static void Join(AustenParagraph paragraph, List<Unit> units, List<AustenSegment> segments)
    {
        for (int first = 0; first < units.Count; )
        {
            int words = units[first].Words,
                next = first + 1;
            while (next < units.Count && units[next].Kind == units[first].Kind && words + units[next].Words <= MaximumWords)
                words += units[next++].Words;
            if (words is >= MinimumWords and <= MaximumWords)
            {
                string text = string.Join(' ', units[first..next].Select(unit => unit.Text));
                string ended = text[^1] is '.' or '!' or '?' ? text : text.TrimEnd(';', ':', ',', '-', ' ') + ".";
                segments.Add(
                    new AustenSegment(
                        paragraph.Novel,
                        paragraph.HeldOut,
                        units[first].Kind,
                        units[first].StartsSentence,
                        char.ToUpperInvariant(ended[0]) + ended[1..]
                    )
                );
            }

            first = next;
        }
    }

    private static List<Unit> Units(string paragraph)
    {
        string text = Dashes().Replace(Removed().Replace(paragraph, ""), " -- ");
        var units = new List<Unit>();
        var unit = new StringBuilder();
        int inside = 0,
            outside = 0;
        bool quoted = false,
            startsSentence = true;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '"')
                quoted = !quoted;
            else
                unit.Append(text[i]);
            if (char.IsLetter(text[i]) && quoted)
                inside++;
            else if (char.IsLetter(text[i]))
                outside++;
            if (!EndsUnit(text, i))
                continue;
            string clean = Clean(unit.ToString());
            if (inside + outside > 0 && clean.Length > 1)
            {
                SegmentKind kind =
                    outside == 0 ? SegmentKind.Dialogue
                    : inside == 0 ? SegmentKind.Narration
                    : SegmentKind.Mixed;
                foreach (string part in Parts(clean))
                {
                    units.Add(new Unit(part, part.Split(' ').Length, kind, startsSentence));
                    startsSentence = part[^1] is '.' or '!' or '?';
                }
            }

            unit.Clear();
            (inside, outside) = (0, 0);
        }

        return units;
    }

    private static List<string> Parts(string unit)
    {
        var parts = new List<string>();
        string[] words = unit.Split(' ');
        int first = 0;
        while (words.Length - first > MaximumWords)
        {
            int end = first + MaximumWords;
            while (end > first + MinimumWords && !words[end - 1].EndsWith(',') && words[end - 1] != "--")
                end--;
            if (end == first + MinimumWords)
                return parts;
            parts.Add(string.Join(' ', words[first..end]));
            first = end;
        }

        parts.Add(string.Join(' ', words[first..]));
        return parts;
    }

    private static bool EndsUnit(string text, int i)
    {
        if (text[i] is not ('.' or '!' or '?' or ';' or ':'))
            return false;
        int next = i + 1;
        while (next < text.Length && text[next] is '"' or ' ' or '-' or '\'')
            next++;
        if (next == text.Length || text[i] is ';' or ':')
            return true;
        if (next == i + 1 || char.IsLower(text[next]))
            return false;
        int start = i;
        while (start > 0 && char.IsLetter(text[start - 1]))
            start--;
        return text[i] != '.' || (i - start > 1 && !Abbreviations.Contains(text[start..i]));
    }

    private static string Clean(string unit)
    {
        string text = NestedQuotes().Replace(unit, "");
        text = Blanks().Replace(text, " ").Trim();
        while (text.StartsWith("-- ", StringComparison.Ordinal) || text.StartsWith(", ", StringComparison.Ordinal))
            text = text[(text.IndexOf(' ') + 1)..];
        return text.StartsWith('\'') ? text[1..] : text;
    }

    /// <summary>Marks of emphasis and brackets, which are no words.</summary>
    [GeneratedRegex(@"[_\[\]()*]")]
    private static partial Regex Removed();

    /// <summary>Dashes of any length, set off by blanks so that the words beside them stay words of the vocabulary.</summary>
    [GeneratedRegex(@"\s*-{2,}\s*")]
    private static partial Regex Dashes();

    /// <summary>Quotation inside quotation is marked with apostrophes at a word's start or behind punctuation:
    /// part of the hidden label too.</summary>
    [GeneratedRegex(@"(?<=\s)'(?!tis|twas|twould)|(?<=[.,!?;:])'")]
    private static partial Regex NestedQuotes();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    private readonly record struct Unit(string Text, int Words, SegmentKind Kind, bool StartsSentence);
}

/// <summary>One to a few sentences of one kind, without quotation marks.</summary>
/// <param name="Novel">Index into <see cref="AustenNovels.Names"/>.</param>
/// <param name="HeldOut">Whether the segment comes from a chapter that nothing is fitted to.</param>
/// <param name="Kind">What the removed quotation marks said.</param>
/// <param name="StartsSentence">Whether the segment begins where a sentence begins, and not after a semicolon or colon.</param>
/// <param name="Text">The text; begins with a capital and ends with ".", "!" or "?".</param>
internal readonly record struct AustenSegment(int Novel, bool HeldOut, SegmentKind Kind, bool StartsSentence, string Text);

/// <summary>Whether the words of a segment stand inside quotation marks.</summary>
internal enum SegmentKind
{
    /// <summary>No word is inside quotation marks.</summary>
    Narration,

    /// <summary>Every word is inside quotation marks.</summary>
    Dialogue,

    /// <summary>Some words are and some are not, as in: It is, returned she.</summary>
    Mixed,
}
