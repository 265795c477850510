using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>What a normaliser replaces or a pre-tokeniser cuts at: a text as it stands, or a regular expression.</summary>
/// <param name="Literal">The text; null for an expression.</param>
/// <param name="Expression">The expression; null for a text.</param>
internal sealed record TextPattern(string? Literal, UnicodeRegex? Expression)
{
    internal static TextPattern Read(JsonSection owner, string key)
    {
        var section = owner.Section(key);
        string? literal = section.TextOrNull("String");
        string? expression = section.TextOrNull("Regex");
        section.RequireNothingLeft();
        if (literal is null == expression is null)
            throw section.Fault("must hold either String or Regex");
        return literal is not null ? new TextPattern(literal, null) : new TextPattern(null, Compile(section, "Regex", expression!));
    }

    /// <summary>Cuts a piece at the matches; an empty text matches nowhere.</summary>
    internal void Cut(Piece piece, SplitBehavior behavior, bool invert, PieceSink next)
    {
        var splitter = new PieceSplitter(piece, behavior, invert, next);
        if (Expression is not null)
        {
            foreach (var (start, end) in Expression.Find(piece.Text))
                splitter.Match(start, end);
        }
        else
        {
            for (int at = IndexOf(piece.Text, 0); at >= 0; at = IndexOf(piece.Text, at + Literal!.Length))
                splitter.Match(at, at + Literal!.Length);
        }

        splitter.Finish();
    }

    /// <summary>The text with other text for the matches.</summary>
    /// <param name="text">The text.</param>
    /// <param name="content">What stands for each match.</param>
    /// <param name="most">The longest text that may come of it.</param>
    /// <returns>The text, null when it would be longer.</returns>
    internal string? Replace(string text, string content, int most)
    {
        if (Expression is null)
        {
            if (Literal!.Length == 0 || IndexOf(text, 0) < 0)
                return text;
            if (content.Length <= Literal.Length)
                return text.Replace(Literal, content, StringComparison.Ordinal);
        }

        var replaced = new StringBuilder();
        int last = 0;
        bool any = false;
        if (Expression is not null)
        {
            foreach (var (start, end) in Expression.Find(text))
            {
                if (!Put(start, end))
                    return null;
            }
        }
        else
        {
            for (int at = IndexOf(text, 0); at >= 0; at = IndexOf(text, at + Literal!.Length))
            {
                if (!Put(at, at + Literal!.Length))
                    return null;
            }
        }

        return !any ? text
            : replaced.Length + (long)text.Length - last > most ? null
            : replaced.Append(text, last, text.Length - last).ToString();

        bool Put(int start, int end)
        {
            replaced.Append(text, last, start - last).Append(content);
            (last, any) = (end, true);
            return replaced.Length <= most;
        }
    }

    private static UnicodeRegex Compile(JsonSection section, string key, string expression)
    {
        try
        {
            return new UnicodeRegex(expression);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException(section.Fault(key, e.Message).Message, e);
        }
    }

    private int IndexOf(ReadOnlySpan<char> text, int from) =>
        Literal!.Length > 0 && text[from..].IndexOf(Literal, StringComparison.Ordinal) is >= 0 and var ahead ? from + ahead : -1;
}
