namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>A part of a text on its way to the model.</summary>
/// <param name="Text">The part, never empty.</param>
/// <param name="First">Whether the text begins with it.</param>
internal readonly record struct Piece(string Text, bool First)
{
    /// <summary>Cuts at the matches; what a match does is said by name, as in <c>tokenizer.json</c>.</summary>
    /// <param name="matches">The matches, in order.</param>
    /// <param name="behavior">What becomes of them.</param>
    /// <param name="invert">Whether what lies between the matches is taken for them.</param>
    internal IEnumerable<Piece> Cut(IEnumerable<(int Start, int End)> matches, SplitBehavior behavior, bool invert = false)
    {
        var parts = new List<(int Start, int End, bool Match)>();
        int last = 0;
        foreach (var (start, end) in matches)
        {
            if (start > last)
                parts.Add((last, start, invert));
            parts.Add((start, end, !invert));
            last = end;
        }

        if (last < Text.Length)
            parts.Add((last, Text.Length, invert));
        foreach (var (start, end, match) in Merge(parts, behavior))
        {
            if (end > start && !(match && behavior == SplitBehavior.Removed))
                yield return new Piece(Text[start..end], First && start == 0);
        }
    }

    private static List<(int Start, int End, bool Match)> Merge(List<(int Start, int End, bool Match)> parts, SplitBehavior behavior)
    {
        if (behavior is SplitBehavior.Isolated or SplitBehavior.Removed)
            return parts;
        bool backwards = behavior == SplitBehavior.MergedWithNext;
        if (backwards)
            parts.Reverse();
        var merged = new List<(int Start, int End, bool Match)>();
        bool previous = false;
        foreach (var part in parts)
        {
            bool joins = behavior == SplitBehavior.Contiguous ? part.Match == previous : part.Match && !previous;
            if (joins && merged.Count > 0)
                merged[^1] = backwards ? merged[^1] with { Start = part.Start } : merged[^1] with { End = part.End };
            else
                merged.Add(part);
            previous = part.Match;
        }

        if (backwards)
            merged.Reverse();
        return merged;
    }
}
