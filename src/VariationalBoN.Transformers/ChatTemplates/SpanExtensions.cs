namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Small helpers for spans of characters.</summary>
internal static class SpanExtensions
{
    /// <summary>True for at least one character, all of them space in Python's sense.</summary>
    public static bool ContainsOnlySpace(this ReadOnlySpan<char> text)
    {
        foreach (char unit in text)
        {
            if (!Characters.IsSpace(unit))
                return false;
        }
        return text.Length > 0;
    }

    /// <summary>Number of characters without the space at the end.</summary>
    public static int LengthWithoutSpace(this ReadOnlySpan<char> text)
    {
        int length = text.Length;
        while (length > 0 && Characters.IsSpace(text[length - 1]))
            length--;
        return length;
    }

    /// <summary>Number of characters of space at the start.</summary>
    public static int LeadingSpace(this ReadOnlySpan<char> text)
    {
        int length = 0;
        while (length < text.Length && Characters.IsSpace(text[length]))
            length++;
        return length;
    }
}
