namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Fills texts up to a width.</summary>
internal static class Padding
{
    /// <summary>Space on both sides; of an odd number the left side gets one more where the width is odd.</summary>
    public static StringValue Center(StringValue text, int width, StringValue fill, Work work)
    {
        int missing = width - text.Length;
        int left = missing <= 0 ? 0 : (missing / 2) + (missing & width & 1);
        return Fill(text, left, missing - left, fill, work);
    }

    public static StringValue Fill(StringValue text, int left, int right, StringValue fill, Work work)
    {
        if (fill.Length != 1)
            throw TemplateFault.Type("the fill character must be exactly one character long");
        if (left + (long)right <= 0)
            return text;
        work.CheckText((long)text.Text.Length + (((long)Math.Max(left, 0) + Math.Max(right, 0)) * fill.Text.Length));
        var all = new TextBuilder(work);
        for (int i = 0; i < left; i++)
            all.Add(fill);
        all.Add(text);
        for (int i = 0; i < right; i++)
            all.Add(fill);
        return all.Build(text.IsMarkup);
    }
}
