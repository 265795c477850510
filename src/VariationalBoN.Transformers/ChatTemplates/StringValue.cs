namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Text with the marks of each of its UTF-16 units. Positions that templates see count code points.</summary>
internal sealed class StringValue : Value
{
    private readonly Marks uniform;
    private readonly MarkRun[]? runs;
    private int codePoints = -1;

    public StringValue(string text, Marks marks = Marks.None, bool isMarkup = false) => (Text, uniform, IsMarkup) = (text, marks, isMarkup);

    public StringValue(string text, MarkRun[] runs, bool isMarkup = false)
    {
        (Text, IsMarkup) = (text, isMarkup);
        if (runs.Length <= 1)
            uniform = runs.Length == 0 ? Marks.None : runs[0].Marks;
        else
            this.runs = runs;
    }

    public static StringValue Empty { get; } = new("");

    public string Text { get; }

    /// <summary>True for text that <c>escape</c> or <c>safe</c> made.</summary>
    public bool IsMarkup { get; }

    public override string TypeName => IsMarkup ? "Markup" : "str";

    public override bool Truth => Text.Length > 0;

    /// <summary>Marks of anything that is computed from the whole text.</summary>
    public override Marks Origin => (runs is null ? uniform : runs.Aggregate(Marks.None, (all, run) => all | run.Marks)) & Marks.Data;

    /// <summary>Runs of equal marks in order; the last ends where the text ends.</summary>
    public ReadOnlySpan<MarkRun> Runs =>
        runs ?? (ReadOnlySpan<MarkRun>)(Text.Length == 0 ? [] : new[] { new MarkRun(Text.Length, uniform) });

    /// <summary>Number of code points.</summary>
    public int Length => codePoints >= 0 ? codePoints : codePoints = CountCodePoints(Text);

    /// <summary>True where some code point takes two UTF-16 units.</summary>
    public bool IsWide => Length != Text.Length;

    public StringValue WithMarkup(bool isMarkup) =>
        isMarkup == IsMarkup ? this : new(Text, runs ?? [new MarkRun(Text.Length, uniform)], isMarkup) { codePoints = codePoints };

    /// <summary>Part of the text, in UTF-16 units.</summary>
    public StringValue Part(int start, int length)
    {
        if (length == Text.Length)
            return this;
        string text = Text.Substring(start, length);
        if (runs is null)
            return new StringValue(text, uniform, IsMarkup);
        var parts = new List<MarkRun>();
        for (int i = FirstRun(runs, start); length > 0 && i < runs.Length; i++)
        {
            parts.Add(runs[i] with { End = Math.Min(runs[i].End, start + length) - start });
            if (runs[i].End >= start + length)
                break;
        }
        return new StringValue(text, [.. parts], IsMarkup);
    }

    /// <summary>Position in UTF-16 units of the code point at <paramref name="index"/>, 0 to <see cref="Length"/>.</summary>
    public int UnitOf(int index)
    {
        if (!IsWide)
            return index;
        int unit = 0;
        for (; index > 0; index--)
            unit += Characters.WidthAt(Text, unit);
        return unit;
    }

    /// <summary>Number of code points before the UTF-16 unit at <paramref name="unit"/>.</summary>
    public int IndexOf(int unit) => IsWide ? CountCodePoints(Text.AsSpan(0, unit)) : unit;

    /// <summary>The run that holds the UTF-16 unit at <paramref name="unit"/>.</summary>
    private static int FirstRun(MarkRun[] runs, int unit)
    {
        int low = 0,
            high = runs.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = runs[middle].End <= unit ? (middle + 1, high) : (low, middle);
        }
        return low;
    }

    private static int CountCodePoints(ReadOnlySpan<char> text)
    {
        int pairs = 0;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && char.IsLowSurrogate(text[i + 1]))
                pairs++;
        }
        return text.Length - pairs;
    }
}
