using System.Text;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Builds marked text; every addition is checked against the bounds before it is made.</summary>
internal sealed class TextBuilder(Work work)
{
    private readonly StringBuilder text = new();
    private readonly List<MarkRun> runs = [];

    public int Length => text.Length;

    public TextBuilder Add(StringValue value)
    {
        Take(value.Text.Length);
        text.Append(value.Text);
        foreach (MarkRun run in value.Runs)
            AddRun(run.Length, run.Marks);
        return this;
    }

    public TextBuilder Add(StringValue value, int start, int length) => Add(value.Part(start, length));

    public TextBuilder Add(string value, Marks marks = Marks.None)
    {
        Take(value.Length);
        text.Append(value);
        AddRun(value.Length, marks);
        return this;
    }

    public TextBuilder Add(char value, Marks marks = Marks.None)
    {
        Take(1);
        text.Append(value);
        AddRun(1, marks);
        return this;
    }

    /// <summary>Adds a mark to everything from the UTF-16 unit <paramref name="start"/> on.</summary>
    public void MarkFrom(int start, Marks marks)
    {
        int at = 0;
        MarkRun[] before = [.. runs];
        runs.Clear();
        foreach (MarkRun run in before)
        {
            int outside = Math.Clamp(start - at, 0, run.Length);
            AddRun(outside, run.Marks);
            AddRun(run.Length - outside, run.Marks | marks);
            at += run.Length;
        }
    }

    public StringValue Build(bool isMarkup = false) =>
        text.Length == 0 && !isMarkup ? StringValue.Empty : new(text.ToString(), [.. runs], isMarkup);

    private void Take(int length)
    {
        work.CheckText((long)text.Length + length);
        work.Charge(length);
    }

    private void AddRun(int length, Marks marks)
    {
        if (length == 0)
            return;
        if (runs.Count > 0 && runs[^1].Marks == marks)
            runs[^1] = runs[^1] with { Length = runs[^1].Length + length };
        else
            runs.Add(new MarkRun(length, marks));
    }
}
