namespace VariationalBoN.References;

/// <summary>Records that are lines: JSON Lines. The last line is whole when it ends as the others do. Not thread-safe.</summary>
internal sealed class LineReader(Stream stream) : RecordReader(stream)
{
    protected override bool Read()
    {
        int searched = 0;
        for (; ; )
        {
            int end = Ahead[searched..].IndexOf((byte)'\n');
            if (end >= 0)
                return Found(Take(searched + end + 1)[..^1], isWhole: true);
            searched = Ahead.Length;
            if (!More())
                return searched > 0 && Found(Take(searched), isWhole: false);
        }
    }
}
