namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Methods of strings. Those of markup give markup.</summary>
internal static class StringMethods
{
    /// <summary>What the method returns; null for one that the engine does not have.</summary>
    public static Value? Call(StringValue text, string name, Arguments arguments, Work work)
    {
        if (name.StartsWith("is", StringComparison.Ordinal))
        {
            arguments.Bind(name);
            work.Charge(text.Text.Length);
            return BooleanValue.Of(CaseTests.Answer(name, text.Text));
        }
        return name switch
        {
            "capitalize" => Changed(text, name, arguments, Casing.Capitalize, work),
            "lower" => Changed(text, name, arguments, Casing.Lower, work),
            "swapcase" => Changed(text, name, arguments, Casing.Swap, work),
            "title" => Changed(text, name, arguments, Casing.Title, work),
            "upper" => Changed(text, name, arguments, Casing.Upper, work),
            "strip" or "lstrip" or "rstrip" => StringEditing.Strip(
                text,
                arguments.Bind(name, "/chars")[0],
                left: name != "rstrip",
                right: name != "lstrip",
                work
            ),
            "replace" => Replace(text, arguments, work),
            "split" or "rsplit" => Split(text, name, arguments, work),
            "splitlines" => SplitLines(text, arguments, work),
            "join" => Join(text, arguments, work),
            "startswith" or "endswith" => BooleanValue.Of(HasEnd(text, name, arguments, work)),
            "removeprefix" or "removesuffix" => RemoveEnd(text, name, arguments, work),
            "find" or "rfind" or "index" or "rindex" or "count" => StringSearch.Call(text, name, arguments, work),
            "partition" or "rpartition" => Partition(text, name, arguments, work),
            "center" or "ljust" or "rjust" or "zfill" => Pad(text, name, arguments, work),
            "expandtabs" => ExpandTabs(text, arguments, work),
            "format" => BraceFormat.Apply(text, arguments, work),
            _ => null,
        };
    }

    /// <summary>An argument that must be a string.</summary>
    public static StringValue Text(Value value) =>
        value as StringValue ?? throw TemplateFault.Type($"expected str, not '{value.TypeName}'");

    private static StringValue Changed(
        StringValue text,
        string name,
        Arguments arguments,
        Func<StringValue, Work, StringValue> change,
        Work work
    )
    {
        arguments.Bind(name);
        return change(text, work);
    }

    private static StringValue Replace(StringValue text, Arguments arguments, Work work)
    {
        Value?[] given = arguments.Bind("replace", "/old!", "/new!", "/count");
        StringValue old = Text(given[0]!),
            by = Text(given[1]!);
        return StringEditing.Replace(text, old, text.IsMarkup ? Escaping.Escape(by, work) : by, Filters.Integer(given[2], -1), work);
    }

    private static ListValue Split(StringValue text, string name, Arguments arguments, Work work)
    {
        Value?[] given = arguments.Bind(name, "sep", "maxsplit");
        int limit = Filters.Integer(given[1], -1);
        return new ListValue([.. StringEditing.Split(text, given[0], limit < 0 ? -1 : limit, name == "rsplit", work)]);
    }

    private static ListValue SplitLines(StringValue text, Arguments arguments, Work work)
    {
        bool keepEnds = Filters.Integer(arguments.Bind("splitlines", "keepends")[0], 0) != 0;
        return new ListValue([.. StringEditing.SplitLines(text, keepEnds, work)]);
    }

    private static StringValue Join(StringValue separator, Arguments arguments, Work work)
    {
        var all = new TextBuilder(work);
        int place = 0;
        foreach (Value item in Iterating.Items(arguments.Bind("join", "/iterable!")[0]!, work))
        {
            if (place > 0)
                all.Add(separator);
            if (separator.IsMarkup)
                all.Add(Escaping.Escape(Printing.SoftText(item, work), work));
            else
                all.Add(item as StringValue ?? throw TemplateFault.Type($"sequence item {place}: expected str, {item.TypeName} found"));
            place++;
        }
        return all.Build(separator.IsMarkup);
    }

    private static bool HasEnd(StringValue text, string name, Arguments arguments, Work work)
    {
        Value?[] given = arguments.Bind(name, "/prefix!", "/start", "/end");
        (int start, int end) = StringSearch.Span(text, given[1], given[2], work);
        Value[] ends = given[0] is TupleValue tuple ? tuple.Items : [Text(given[0]!)];
        foreach (Value candidate in ends)
        {
            ReadOnlySpan<char> other = Text(candidate).Text;
            work.Charge(1 + (Math.Min(text.Text.Length, other.Length) / 16));
            ReadOnlySpan<char> part = start > end ? [] : text.Text.AsSpan(start, end - start);
            if (start <= end && (name == "startswith" ? part.StartsWith(other) : part.EndsWith(other)))
                return true;
        }
        return false;
    }

    private static StringValue RemoveEnd(StringValue text, string name, Arguments arguments, Work work)
    {
        string end = Text(arguments.Bind(name, name == "removesuffix" ? "/suffix!" : "/prefix!")[0]!).Text;
        work.Charge(text.Text.Length / 16);
        int rest = text.Text.Length - end.Length;
        if (end.Length == 0)
            return text;
        if (name == "removeprefix")
            return text.Text.StartsWith(end, StringComparison.Ordinal) ? text.Part(end.Length, rest) : text;
        return text.Text.EndsWith(end, StringComparison.Ordinal) ? text.Part(0, rest) : text;
    }

    private static TupleValue Partition(StringValue text, string name, Arguments arguments, Work work)
    {
        StringValue separator = Text(arguments.Bind(name, "/sep!")[0]!);
        if (separator.Text.Length == 0)
            throw TemplateFault.Value("empty separator");
        work.Charge(text.Text.Length);
        bool last = name == "rpartition";
        int at = last ? Searching.LastIndexOf(text.Text, separator.Text) : Searching.IndexOf(text.Text, separator.Text);
        StringValue nothing = StringValue.Empty.WithMarkup(text.IsMarkup);
        if (at < 0)
            return last ? new TupleValue(nothing, nothing, text) : new TupleValue(text, nothing, nothing);
        int after = at + separator.Text.Length;
        return new TupleValue(text.Part(0, at), text.Part(at, separator.Text.Length), text.Part(after, text.Text.Length - after));
    }

    private static StringValue Pad(StringValue text, string name, Arguments arguments, Work work)
    {
        Value?[] given = name == "zfill" ? arguments.Bind(name, "/width!") : arguments.Bind(name, "/width!", "/fillchar");
        int width = Filters.Integer(given[0], 0),
            missing = width - text.Length;
        StringValue fill = given.Length > 1 && given[1] is not null ? Text(given[1]!) : new StringValue(name == "zfill" ? "0" : " ");
        if (fill.Length != 1)
            throw TemplateFault.Type("the fill character must be exactly one character long");
        if (name == "center")
            return Padding.Center(text, width, fill, work);
        if (name != "zfill" || text.Text.Length == 0 || text.Text[0] is not ('+' or '-'))
            return Padding.Fill(text, name == "ljust" ? 0 : missing, name == "ljust" ? missing : 0, fill, work);
        return new TextBuilder(work)
            .Add(text, 0, 1)
            .Add(Padding.Fill(text.Part(1, text.Text.Length - 1), missing, 0, fill, work))
            .Build(text.IsMarkup);
    }

    private static StringValue ExpandTabs(StringValue text, Arguments arguments, Work work)
    {
        int size = Filters.Integer(arguments.Bind("expandtabs", "tabsize")[0], 8),
            column = 0;
        work.CheckText((long)text.Text.AsSpan().Count('\t') * Math.Max(size, 0));
        return Mapping.CodePoints(
            text,
            work,
            (_, code) =>
            {
                int width =
                    code == '\t'
                        ? size <= 0
                            ? 0
                            : size - (column % size)
                        : 1;
                column = code is '\n' or '\r' ? 0 : column + width;
                return code == '\t' ? new string(' ', width) : Characters.Text(code);
            }
        );
    }
}
