using System.Text;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Builds marked text; every addition is checked against the bounds before it is made.</summary>
internal sealed class TextBuilder(Work work)
{
    private readonly StringBuilder text = new();
    private readonly List<MarkRun> runs = [];

    public int Length => text.Length;

    /// <summary>Adds a text, with further marks on all of it.</summary>
    public TextBuilder Add(StringValue value, Marks more = Marks.None)
    {
        Take(value.Text.Length);
        int start = text.Length;
        text.Append(value.Text);
        foreach (MarkRun run in value.Runs)
            AddRun(start + run.End, run.Marks | more);
        return this;
    }

    public TextBuilder Add(StringValue value, int start, int length) => Add(value.Part(start, length));

    public TextBuilder Add(string value, Marks marks = Marks.None)
    {
        Take(value.Length);
        text.Append(value);
        AddRun(text.Length, marks);
        return this;
    }

    public TextBuilder Add(char value, Marks marks = Marks.None)
    {
        Take(1);
        text.Append(value);
        AddRun(text.Length, marks);
        return this;
    }

    public StringValue Build(bool isMarkup = false) =>
        text.Length == 0 && !isMarkup ? StringValue.Empty : new(text.ToString(), [.. runs], isMarkup);

    private void Take(int length)
    {
        work.CheckText((long)text.Length + length);
        work.Charge(length);
    }

    private void AddRun(int end, Marks marks)
    {
        if (end == (runs.Count == 0 ? 0 : runs[^1].End))
            return;
        if (runs.Count > 0 && runs[^1].Marks == marks)
            runs[^1] = runs[^1] with { End = end };
        else
            runs.Add(new MarkRun(end, marks));
    }
}
