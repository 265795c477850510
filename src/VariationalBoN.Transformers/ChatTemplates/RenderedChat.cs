namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A rendered conversation: its text, and which characters come from messages and from the assistant.</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class RenderedChat
{
    internal RenderedChat(StringValue text)
    {
        Text = text.Text;
        DataRanges = Ranges(text, Marks.Data);
        GenerationRanges = Ranges(text, Marks.Generation);
    }

    /// <summary>The text for the model.</summary>
    public string Text { get; }

    /// <summary>
    /// The characters that come from messages, tools, documents and variables, in order and apart from each other. All others were
    /// written by the
    /// template, by a special token's variable or by the date.
    /// </summary>
    /// <remarks>
    /// Filters and methods keep the origin of each character: a capital letter has the origin of its small letter, and
    /// what <c>replace</c> puts in has the origin of its argument. Results of comparisons and lengths have no origin.
    /// </remarks>
    public IReadOnlyList<CharacterRange> DataRanges { get; }

    /// <summary>
    /// The characters that <c>{% generation %}</c> blocks printed, in order and apart from each other: what an assistant wrote.
    /// </summary>
    public IReadOnlyList<CharacterRange> GenerationRanges { get; }

    private static CharacterRange[] Ranges(StringValue text, Marks mark)
    {
        var ranges = new List<CharacterRange>();
        int at = 0;
        foreach (MarkRun run in text.Runs)
        {
            if (run.Marks.HasFlag(mark))
            {
                if (ranges.Count > 0 && ranges[^1].End == at)
                    ranges[^1] = ranges[^1] with { Length = run.End - ranges[^1].Start };
                else
                    ranges.Add(new CharacterRange(at, run.End - at));
            }
            at = run.End;
        }
        return [.. ranges];
    }
}
