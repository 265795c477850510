namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>HTML escapes.</summary>
internal static class Escaping
{
    private static readonly System.Buffers.SearchValues<char> Special = System.Buffers.SearchValues.Create("&<>'\"");

    /// <summary>What <c>escape(x)</c> is: markup stays, text is escaped; the escapes carry the marks of what they stand for.</summary>
    public static StringValue Escape(StringValue value, Work work)
    {
        if (value.IsMarkup)
            return value;
        work.Charge(value.Text.Length / 16);
        if (!value.Text.AsSpan().ContainsAny(Special))
            return value.WithMarkup(true);
        return Mapping
            .Units(
                value,
                work,
                unit =>
                    unit switch
                    {
                        '&' => "&amp;",
                        '<' => "&lt;",
                        '>' => "&gt;",
                        '\'' => "&#39;",
                        '"' => "&#34;",
                        _ => null,
                    }
            )
            .WithMarkup(true);
    }
}
