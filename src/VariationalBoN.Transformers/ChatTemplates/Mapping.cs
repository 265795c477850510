namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Replaces characters of a text; what stands for a character carries its marks.</summary>
internal static class Mapping
{
    /// <summary>Replaces each UTF-16 unit for which <paramref name="replacement"/> is not null.</summary>
    public static StringValue Units(StringValue value, Work work, Func<char, string?> replacement)
    {
        var text = new TextBuilder(work);
        int at = 0;
        foreach (MarkRun run in value.Runs)
        {
            int from = at,
                end = run.End;
            for (; at < end; at++)
            {
                if (replacement(value.Text[at]) is not string other)
                    continue;
                text.Add(value.Text[from..at], run.Marks).Add(other, run.Marks);
                from = at + 1;
            }
            text.Add(value.Text[from..end], run.Marks);
        }
        return text.Build(value.IsMarkup);
    }

    /// <summary>Replaces each code point, given its position in UTF-16 units and its number.</summary>
    public static StringValue CodePoints(StringValue value, Work work, Func<int, int, string> replacement)
    {
        var text = new TextBuilder(work);
        work.Charge(2 * value.Text.Length);
        int at = 0,
            end = 0;
        foreach (MarkRun run in value.Runs)
        {
            end = run.End;
            while (at < end)
            {
                text.Add(replacement(at, Characters.At(value.Text, at)), run.Marks);
                at += Characters.WidthAt(value.Text, at);
            }
        }
        return text.Build(value.IsMarkup);
    }
}
