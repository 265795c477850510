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

    /// <summary>The matches from left to right; an empty text matches nowhere.</summary>
    internal IEnumerable<(int Start, int End)> Matches(string text) => Expression is null ? Literally(text) : Expression.Matches(text);

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

    private IEnumerable<(int Start, int End)> Literally(string text)
    {
        if (Literal!.Length == 0)
            yield break;
        for (int at = 0; (at = text.IndexOf(Literal, at, StringComparison.Ordinal)) >= 0; at += Literal.Length)
            yield return (at, at + Literal.Length);
    }
}
