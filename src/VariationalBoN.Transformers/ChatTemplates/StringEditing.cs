namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Stripping, splitting and replacing as Python does, with the marks kept.</summary>
internal static class StringEditing
{
    /// <summary>Takes space, or the characters of a set, from the ends.</summary>
    public static StringValue Strip(StringValue text, Value? characters, bool left, bool right, Work work)
    {
        work.Charge((characters as StringValue)?.Text.Length ?? 0);
        HashSet<int>? set = characters switch
        {
            null or NoneValue => null,
            StringValue chosen => [.. Characters.Codes(chosen.Text)],
            _ => throw TemplateFault.Type($"strip arg must be None or str, not {characters.TypeName}"),
        };
        string all = text.Text;
        int start = 0,
            end = all.Length;
        work.Charge(all.Length / 4);
        while (left && start < end && Strips(set, all, start, out int width))
            start += width;
        while (right && end > start)
        {
            int width = Characters.WidthBefore(all, end, start);
            if (!Strips(set, all, end - width, out _))
                break;
            end -= width;
        }
        work.Charge(end - start);
        return text.Part(start, end - start);
    }

    public static StringValue Replace(StringValue text, StringValue old, StringValue by, int count, Work work)
    {
        work.Charge((text.Text.Length / 8) + old.Text.Length);
        var all = new TextBuilder(work);
        int at = 0;
        if (old.Text.Length == 0)
            return count == 0 ? text : ReplaceGaps(text, by, count, all);
        long places = Searching.Count(text.Text, old.Text);
        places = count < 0 ? places : Math.Min(places, count);
        if (places == 0)
            return text;
        work.CheckText(text.Text.Length + (places * (by.Text.Length - old.Text.Length)));
        for (; places > 0; places--)
        {
            int next = at + Searching.IndexOf(text.Text.AsSpan(at), old.Text);
            if (next > at)
                all.Add(text, at, next - at);
            all.Add(by);
            at = next + old.Text.Length;
        }
        return all.Add(text, at, text.Text.Length - at).Build(text.IsMarkup);
    }

    /// <summary>Splits at a separator, or at runs of space for none; from the right with <paramref name="fromRight"/>.</summary>
    public static List<StringValue> Split(StringValue text, Value? separator, int limit, bool fromRight, Work work)
    {
        work.Charge(text.Text.Length + ((separator as StringValue)?.Text.Length ?? 0));
        List<StringValue> parts = separator switch
        {
            null or NoneValue => fromRight ? SplitSpaceFromRight(text, limit) : SplitSpace(text, limit),
            StringValue { Text.Length: 0 } => throw TemplateFault.Value("empty separator"),
            StringValue at => fromRight ? SplitAtFromRight(text, at.Text, limit) : SplitAt(text, at.Text, limit),
            _ => throw TemplateFault.Type($"must be str or None, not {separator.TypeName}"),
        };
        work.CheckItems(parts.Count);
        work.Charge(8 * parts.Count);
        return parts;
    }

    public static List<StringValue> SplitLines(StringValue text, bool keepEnds, Work work)
    {
        work.Charge(text.Text.Length);
        var lines = new List<StringValue>();
        string all = text.Text;
        int start = 0;
        for (int at = 0; at < all.Length; at++)
        {
            if (!Characters.IsLineBreak(all[at]))
                continue;
            int next = all[at] == '\r' && at + 1 < all.Length && all[at + 1] == '\n' ? at + 2 : at + 1;
            lines.Add(text.Part(start, (keepEnds ? next : at) - start));
            (start, at) = (next, next - 1);
        }
        if (start < all.Length)
            lines.Add(text.Part(start, all.Length - start));
        work.CheckItems(lines.Count);
        return lines;
    }

    private static bool Strips(HashSet<int>? set, string text, int at, out int width)
    {
        width = Characters.WidthAt(text, at);
        int code = Characters.At(text, at);
        return set?.Contains(code) ?? Characters.IsSpace(code);
    }

    private static StringValue ReplaceGaps(StringValue text, StringValue by, int count, TextBuilder all)
    {
        int at = 0;
        for (; count != 0; count--)
        {
            all.Add(by);
            if (at == text.Text.Length)
                break;
            int width = Characters.WidthAt(text.Text, at);
            all.Add(text, at, width);
            at += width;
        }
        return all.Add(text, at, text.Text.Length - at).Build(text.IsMarkup);
    }

    private static List<StringValue> SplitAt(StringValue text, string separator, int limit)
    {
        var parts = new List<StringValue>();
        int at = 0;
        while (parts.Count != limit)
        {
            int length = Searching.IndexOf(text.Text.AsSpan(at), separator);
            if (length < 0)
                break;
            parts.Add(text.Part(at, length));
            at += length + separator.Length;
        }
        parts.Add(text.Part(at, text.Text.Length - at));
        return parts;
    }

    private static List<StringValue> SplitAtFromRight(StringValue text, string separator, int limit)
    {
        var parts = new List<StringValue>();
        int end = text.Text.Length;
        while (parts.Count != limit && end >= separator.Length)
        {
            int found = Searching.LastIndexOf(text.Text.AsSpan(0, end), separator);
            if (found < 0)
                break;
            parts.Add(text.Part(found + separator.Length, end - found - separator.Length));
            end = found;
        }
        parts.Add(text.Part(0, end));
        parts.Reverse();
        return parts;
    }

    private static List<StringValue> SplitSpace(StringValue text, int limit)
    {
        var parts = new List<StringValue>();
        string all = text.Text;
        int at = 0;
        while (true)
        {
            while (at < all.Length && Characters.IsSpace(all[at]))
                at++;
            if (at == all.Length)
                return parts;
            int end = at;
            while (end < all.Length && !Characters.IsSpace(all[end]))
                end++;
            if (parts.Count == limit)
                end = at + all.AsSpan(at).LengthWithoutSpace();
            parts.Add(text.Part(at, end - at));
            at = parts.Count > limit && limit >= 0 ? all.Length : end;
        }
    }

    private static List<StringValue> SplitSpaceFromRight(StringValue text, int limit)
    {
        var parts = new List<StringValue>();
        string all = text.Text;
        int end = all.Length;
        while (true)
        {
            while (end > 0 && Characters.IsSpace(all[end - 1]))
                end--;
            if (end == 0)
                break;
            int start = end;
            while (start > 0 && !Characters.IsSpace(all[start - 1]))
                start--;
            if (parts.Count == limit)
                start = all.AsSpan(0, end).LeadingSpace();
            parts.Add(text.Part(start, end - start));
            end = parts.Count > limit && limit >= 0 ? 0 : start;
        }
        parts.Reverse();
        return parts;
    }
}
