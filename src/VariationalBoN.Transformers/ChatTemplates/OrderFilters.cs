namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Filters that order, compare or group.</summary>
internal static class OrderFilters
{
    public static (string, Filter)[] All { get; } =
    [
        ("dictsort", DictSort),
        ("groupby", GroupBy),
        ("max", (rendering, value, arguments) => Extreme(rendering, value, arguments, most: true)),
        ("min", (rendering, value, arguments) => Extreme(rendering, value, arguments, most: false)),
        ("sort", Sort),
        ("unique", Unique),
    ];

    private static ListValue Sort(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("sort", "reverse", "case_sensitive", "attribute");
        Work work = rendering.Work;
        AttributePath[] paths = AttributePath.Several(given[2], work);
        bool caseSensitive = Filters.Flag(given[1]);
        return new ListValue(Sorting.Sorted(Iterating.ToArray(value, work), Key, Filters.Integer(given[0], 0) != 0, work));

        Value Key(Value item) => new ListValue([.. paths.Select(path => AttributePath.Key(path.Get(item, work), caseSensitive, work))]);
    }

    private static ListValue DictSort(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("dictsort", "case_sensitive", "by", "reverse");
        Work work = rendering.Work;
        string by = given[1] is null ? "key" : (given[1] as StringValue)?.Text ?? "";
        if (by is not ("key" or "value"))
            throw TemplateFault.Value("dictsort sorts by either \"key\" or \"value\"");
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        if (value is not MappingValue mapping)
            throw TemplateFault.Type($"'{value.TypeName}' object has no attribute 'items'");
        bool caseSensitive = Filters.Flag(given[0]);
        var sorted = Sorting.Sorted(
            mapping.Entries,
            entry => AttributePath.Key(by == "key" ? entry.Key : entry.Value, caseSensitive, work),
            Filters.Integer(given[2], 0) != 0,
            work
        );
        return new ListValue([.. sorted.Select(entry => new TupleValue(entry.Key, entry.Value))]);
    }

    private static IteratorValue Unique(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("unique", "case_sensitive", "attribute");
        return new IteratorValue("generator", Items());

        IEnumerable<Value> Items()
        {
            var path = AttributePath.Of(given[1], rendering.Work);
            var seen = new HashSet<Value>(KeyComparer.Instance);
            foreach (Value item in Iterating.Items(value, rendering.Work))
            {
                Value key = AttributePath.Key(path.Get(item, rendering.Work), Filters.Flag(given[0]), rendering.Work);
                Comparing.CheckKey(key, rendering.Work);
                if (seen.Add(key))
                    yield return item;
            }
        }
    }

    private static Value Extreme(Rendering rendering, Value value, Arguments arguments, bool most)
    {
        Value?[] given = arguments.Bind(most ? "max" : "min", "case_sensitive", "attribute");
        Work work = rendering.Work;
        var path = AttributePath.Of(given[1], work);
        Value? best = null,
            bestKey = null;
        foreach (Value item in Iterating.Items(value, work))
        {
            Value key = AttributePath.Key(path.Get(item, work), Filters.Flag(given[0]), work);
            if (bestKey is null || (most ? Comparing.Less(bestKey, key, false, work) : Comparing.Less(key, bestKey, false, work)))
                (best, bestKey) = (item, key);
        }
        return best ?? new UndefinedValue("no aggregated item, the sequence was empty");
    }

    private static ListValue GroupBy(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("groupby", "attribute!", "default", "case_sensitive");
        Work work = rendering.Work;
        var path = AttributePath.Of(given[0], work);
        bool caseSensitive = Filters.Flag(given[2]);
        Value[] sorted = Sorting.Sorted(Iterating.ToArray(value, work), Key, reverse: false, work);
        var groups = new List<Value>();
        for (int start = 0; start < sorted.Length; )
        {
            Value key = Key(sorted[start]);
            int end = start + 1;
            while (end < sorted.Length && Comparing.Same(Key(sorted[end]), key, work))
                end++;
            Value shown = caseSensitive ? key : path.Get(sorted[start], work, given[1]);
            groups.Add(new TupleValue(shown, new ListValue(sorted[start..end])) { IsGroup = true });
            start = end;
        }
        return new ListValue([.. groups]);

        Value Key(Value item) => AttributePath.Key(path.Get(item, work, given[1]), caseSensitive, work);
    }
}
