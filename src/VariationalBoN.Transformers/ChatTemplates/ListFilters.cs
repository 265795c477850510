namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Filters of lists and of any value.</summary>
internal static class ListFilters
{
    public static (string, Filter)[] All { get; } =
    [
        ("attr", Attribute),
        ("batch", Batch),
        ("count", Length),
        ("d", Default),
        ("default", Default),
        ("first", First),
        ("items", Items),
        ("join", Join),
        ("last", Last),
        ("length", Length),
        ("list", List),
        ("reverse", Reverse),
        ("slice", Slice),
        ("sum", Sum),
    ];

    private static Value Default(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("default", "default_value", "boolean");
        return value is UndefinedValue || (Filters.Flag(given[1]) && !value.Truth) ? given[0] ?? StringValue.Empty : value;
    }

    private static IntegerValue Length(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("length");
        return IntegerValue.Of(Iterating.Length(value));
    }

    private static ListValue List(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("list");
        return new ListValue(Iterating.ToArray(value, rendering.Work));
    }

    private static Value First(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("first");
        foreach (Value item in Iterating.Items(value, rendering.Work))
            return item;
        return new UndefinedValue("no first item, the sequence was empty");
    }

    private static Value Last(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("last");
        if (value is StringValue { Text: { Length: > 0 } all } text)
        {
            int width = Characters.WidthBefore(all, all.Length);
            return text.Part(all.Length - width, width);
        }
        foreach (Value item in Iterating.Reversed(value, rendering.Work) ?? throw NotReversible(value))
            return item;
        return new UndefinedValue("no last item, the sequence was empty");
    }

    private static Value Reverse(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("reverse");
        if (value is StringValue)
            return Indexing.Slice(value, null, null, IntegerValue.Of(-1), rendering.Work);
        return Iterating.Reversed(value, rendering.Work) is IEnumerable<Value> items
            ? new IteratorValue("list_reverseiterator", items)
            : new ListValue([.. Iterating.ToArray(value, rendering.Work).Reverse()]);
    }

    private static StringValue Join(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("join", "d", "attribute");
        Work work = rendering.Work;
        StringValue separator = given[0] is null ? StringValue.Empty : Printing.Text(given[0]!, work);
        AttributePath? path = given[1] is null or NoneValue ? null : AttributePath.Of(given[1], work);
        var all = new TextBuilder(work);
        bool first = true;
        foreach (Value item in Iterating.Items(value, work))
        {
            if (!first)
                all.Add(separator);
            first = false;
            all.Add(Printing.Text(path is null ? item : path.Get(item, work), work));
        }
        return all.Build();
    }

    private static IteratorValue Items(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("items");
        return new IteratorValue("generator", Entries());

        IEnumerable<Value> Entries()
        {
            if (value is UndefinedValue)
                yield break;
            if (value is not MappingValue mapping)
                throw TemplateFault.Type("can only get item pairs from a mapping");
            foreach (Value entry in new MappingViewValue(mapping, "items").Items)
                yield return entry;
        }
    }

    private static Value Attribute(Rendering rendering, Value value, Arguments arguments)
    {
        Value name = arguments.Bind("attr", "name!")[0]!;
        if (name is not StringValue text)
            throw TemplateFault.Type("attribute name must be string");
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        return Attributes.Find(value, text.Text) ?? UndefinedValue.Member(value, text.Text);
    }

    private static Value Sum(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("sum", "attribute", "start");
        Work work = rendering.Work;
        AttributePath? path = given[0] is null or NoneValue ? null : AttributePath.Of(given[0], work);
        Value sum = given[1] ?? IntegerValue.Of(0);
        if (sum is StringValue)
            throw TemplateFault.Type("sum() can't sum strings [use ''.join(seq) instead]");
        foreach (Value item in Iterating.Items(value, work))
            sum = Operators.Apply("+", sum, path is null ? item : path.Get(item, work), work);
        return sum;
    }

    private static IteratorValue Batch(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("batch", "linecount!", "fill_with");
        return new IteratorValue("generator", Lines());

        IEnumerable<Value> Lines()
        {
            var line = new List<Value>();
            foreach (Value item in Iterating.Items(value, rendering.Work))
            {
                if (Comparing.Equal(IntegerValue.Of(line.Count), given[0]!, rendering.Work))
                {
                    yield return new ListValue([.. line]);
                    line.Clear();
                }
                line.Add(item);
            }
            if (line.Count == 0)
                yield break;
            int missing = given[1] is null or NoneValue ? 0 : Filters.Integer(given[0], 0) - line.Count;
            rendering.Work.CheckItems(line.Count + (System.Numerics.BigInteger)Math.Max(missing, 0));
            if (missing > 0)
                line.AddRange(Enumerable.Repeat(given[1]!, missing));
            yield return new ListValue([.. line]);
        }
    }

    private static IteratorValue Slice(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("slice", "slices!", "fill_with");
        return new IteratorValue("generator", Parts());

        IEnumerable<Value> Parts()
        {
            Value[] items = Iterating.ToArray(value, rendering.Work);
            int slices = Filters.Integer(given[0], 0);
            if (slices == 0)
                throw TemplateFault.Value("integer division or modulo by zero");
            int each = Math.DivRem(items.Length, slices, out int longer),
                start = 0;
            for (int i = 0; i < slices; i++)
            {
                rendering.Work.Step();
                int length = each + (i < longer ? 1 : 0);
                List<Value> part = [.. items.AsSpan(start, length)];
                start += length;
                if (given[1] is not (null or NoneValue) && i >= longer)
                    part.Add(given[1]!);
                yield return new ListValue([.. part]);
            }
        }
    }

    private static TemplateFault NotReversible(Value value) => TemplateFault.Type($"'{value.TypeName}' object is not reversible");
}
