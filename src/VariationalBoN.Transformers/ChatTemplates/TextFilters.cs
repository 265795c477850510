namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Filters of texts that templates of chats use.</summary>
internal static class TextFilters
{
    public static (string, Filter)[] All { get; } =
    [
        ("capitalize", (rendering, value, arguments) => OfText(rendering, value, arguments, Casing.Capitalize)),
        ("e", Escape),
        ("escape", Escape),
        ("forceescape", (rendering, value, arguments) => Escape(rendering, Printing.Text(value, rendering.Work), arguments)),
        ("indent", Indent),
        ("lower", (rendering, value, arguments) => OfText(rendering, value, arguments, Casing.Lower)),
        ("replace", Replace),
        ("safe", Safe),
        ("string", String),
        ("title", (rendering, value, arguments) => OfText(rendering, value, arguments, Title)),
        ("tojson", ToJson),
        ("trim", Trim),
        ("upper", (rendering, value, arguments) => OfText(rendering, value, arguments, Casing.Upper)),
    ];

    private static StringValue OfText(Rendering rendering, Value value, Arguments arguments, Func<StringValue, Work, StringValue> change)
    {
        arguments.Bind("filter");
        return change(Printing.SoftText(value, rendering.Work), rendering.Work);
    }

    private static StringValue Escape(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("escape");
        return Escaping.Escape(Printing.SoftText(value, rendering.Work), rendering.Work);
    }

    private static StringValue Safe(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("safe");
        return Printing.SoftText(value, rendering.Work).WithMarkup(true);
    }

    private static StringValue String(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("string");
        return Printing.SoftText(value, rendering.Work);
    }

    private static StringValue Replace(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("replace", "old!", "new!", "count");
        Work work = rendering.Work;
        int count = given[2] is null or NoneValue ? -1 : Filters.Integer(given[2], -1);
        return StringEditing.Replace(
            Printing.Text(value, work),
            Printing.Text(given[0]!, work),
            Printing.Text(given[1]!, work),
            count,
            work
        );
    }

    private static StringValue Trim(Rendering rendering, Value value, Arguments arguments)
    {
        Value? characters = arguments.Bind("trim", "chars")[0];
        return StringEditing.Strip(Printing.SoftText(value, rendering.Work), characters, left: true, right: true, rendering.Work);
    }

    /// <summary>Each word begins with a capital; words end at space, "-" and opening brackets.</summary>
    private static StringValue Title(StringValue text, Work work)
    {
        var all = new TextBuilder(work);
        for (int at = 0; at < text.Text.Length; )
        {
            bool separates = Separates(text.Text, at);
            int end = at;
            while (end < text.Text.Length && Separates(text.Text, end) == separates)
                end++;
            int first = Characters.WidthAt(text.Text, at);
            all.Add(Casing.Upper(text.Part(at, first), work)).Add(Casing.Lower(text.Part(at + first, end - at - first), work));
            at = end;
        }
        return all.Build();
    }

    private static bool Separates(string text, int at) => text[at] is '-' or '(' or '{' or '[' or '<' || Characters.IsSpace(text[at]);

    private static StringValue Indent(Rendering rendering, Value value, Arguments arguments)
    {
        Work work = rendering.Work;
        Value?[] given = arguments.Bind("indent", "width", "first", "blank");
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        if (value is not StringValue text)
            throw TemplateFault.Type($"indent needs a string, not '{value.TypeName}'");
        StringValue indent = given[0] as StringValue ?? Spaces(given[0], work);
        if (text.IsMarkup)
            indent = indent.WithMarkup(true);
        List<StringValue> lines = StringEditing.SplitLines(new TextBuilder(work).Add(text).Add("\n").Build(), keepEnds: false, work);
        var all = new TextBuilder(work);
        for (int i = 0; i < lines.Count; i++)
        {
            if (i > 0)
                all.Add("\n");
            if (i == 0 ? Filters.Flag(given[1]) : Filters.Flag(given[2]) || lines[i].Text.Length > 0)
                all.Add(indent);
            all.Add(lines[i]);
        }
        return all.Build(text.IsMarkup);
    }

    private static StringValue Spaces(Value? width, Work work)
    {
        int count = width is null ? 4 : (int)System.Numerics.BigInteger.Min(Numbers.Integer(width), int.MaxValue);
        work.CheckText(count);
        return new StringValue(new string(' ', Math.Max(count, 0)));
    }

    private static StringValue ToJson(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        StringValue? indent = given[1] switch
        {
            null or NoneValue => null,
            StringValue text => text,
            Value width => Spaces(width, rendering.Work),
        };
        StringValue items = new(indent is null ? ", " : ","),
            keys = new(": ");
        if (given[2] is not (null or NoneValue))
        {
            Value[] separators = Iterating.ToArray(given[2]!, rendering.Work);
            if (separators is not [StringValue first, StringValue second])
                throw TemplateFault.Type("separators must be two strings");
            (items, keys) = (first, second);
        }
        return new JsonText(rendering.Work, Filters.Flag(given[0]), indent, items, keys, Filters.Flag(given[3])).Write(value);
    }
}
