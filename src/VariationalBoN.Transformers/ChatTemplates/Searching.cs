namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Finds texts in texts in time proportional to their lengths, whatever they are.</summary>
internal static class Searching
{
    /// <summary>Up to this length the search of .NET is used: it is fast, and slow at most by this factor.</summary>
    private const int Short = 32;

    public static int IndexOf(ReadOnlySpan<char> text, string wanted) =>
        wanted.Length <= Short ? text.IndexOf(wanted, StringComparison.Ordinal) : Find(text, wanted, backwards: false);

    /// <summary>The last place; that of an empty text is the end.</summary>
    public static int LastIndexOf(ReadOnlySpan<char> text, string wanted) =>
        wanted.Length <= Short
            ? wanted.Length == 0
                ? text.Length
                : text.LastIndexOf(wanted, StringComparison.Ordinal)
            : Find(text, wanted, backwards: true);

    /// <summary>Number of places that do not overlap.</summary>
    public static int Count(ReadOnlySpan<char> text, string wanted)
    {
        if (wanted.Length <= Short)
            return text.Count(wanted);
        int count = 0;
        for (int found; (found = IndexOf(text, wanted)) >= 0; count++)
            text = text[(found + wanted.Length)..];
        return count;
    }

    /// <summary>The search of Knuth, Morris and Pratt, from the front or from the back.</summary>
    private static int Find(ReadOnlySpan<char> text, string wanted, bool backwards)
    {
        if (wanted.Length > text.Length)
            return -1;
        int last = wanted.Length - 1,
            matched = 0;
        int[] borders = new int[wanted.Length];
        for (int i = 1; i <= last; i++)
        {
            while (matched > 0 && Of(wanted, i) != Of(wanted, matched))
                matched = borders[matched - 1];
            borders[i] = Of(wanted, i) == Of(wanted, matched) ? ++matched : matched;
        }
        matched = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char unit = Of(text, i);
            while (matched > 0 && unit != Of(wanted, matched))
                matched = borders[matched - 1];
            if (unit == Of(wanted, matched) && ++matched == wanted.Length)
                return backwards ? text.Length - 1 - i : i - last;
        }
        return -1;

        char Of(ReadOnlySpan<char> of, int i) => backwards ? of[of.Length - 1 - i] : of[i];
    }
}
