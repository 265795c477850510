namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Filters that apply a filter or a test to each item, when the item is asked for.</summary>
internal static class LazyFilters
{
    public static (string, Filter)[] All { get; } =
    [
        ("map", (rendering, value, arguments) => new IteratorValue("generator", Map(rendering, value, arguments))),
        ("select", (rendering, value, arguments) => Pick(rendering, value, arguments, keep: true, byAttribute: false)),
        ("reject", (rendering, value, arguments) => Pick(rendering, value, arguments, keep: false, byAttribute: false)),
        ("selectattr", (rendering, value, arguments) => Pick(rendering, value, arguments, keep: true, byAttribute: true)),
        ("rejectattr", (rendering, value, arguments) => Pick(rendering, value, arguments, keep: false, byAttribute: true)),
    ];

    private static IEnumerable<Value> Map(Rendering rendering, Value value, Arguments arguments)
    {
        if (!value.Truth)
            yield break;
        Func<Value, Value> change = Change(rendering, arguments);
        foreach (Value item in Iterating.Items(value, rendering.Work))
            yield return change(item);
    }

    private static Func<Value, Value> Change(Rendering rendering, Arguments arguments)
    {
        Value? attribute = arguments.Named.FirstOrDefault(argument => argument.Key == "attribute").Value;
        if (arguments.Positional.Count == 0 && attribute is not null)
        {
            Value?[] given = arguments.Bind("map", "attribute", "default");
            var path = AttributePath.Of(attribute, rendering.Work);
            return item => path.Get(item, rendering.Work, given[1]);
        }
        if (arguments.Positional.Count == 0)
            throw TemplateFault.Value("map requires a filter argument");
        string name = NameOf(arguments.Positional[0], "filter");
        var rest = new Arguments([.. arguments.Positional.Skip(1)], arguments.Named);
        return item => Filters.Apply(name, rendering, item, rest);
    }

    private static IteratorValue Pick(Rendering rendering, Value value, Arguments arguments, bool keep, bool byAttribute)
    {
        return new IteratorValue("generator", Items());

        IEnumerable<Value> Items()
        {
            if (!value.Truth)
                yield break;
            Func<Value, bool> holds = Holds(rendering, arguments, byAttribute);
            foreach (Value item in Iterating.Items(value, rendering.Work))
            {
                if (holds(item) == keep)
                    yield return item;
            }
        }
    }

    private static Func<Value, bool> Holds(Rendering rendering, Arguments arguments, bool byAttribute)
    {
        if (byAttribute && arguments.Positional.Count == 0)
            throw TemplateFault.Value("missing parameter for attribute name");
        AttributePath path = AttributePath.Of(byAttribute ? arguments.Positional[0] : null, rendering.Work);
        int place = byAttribute ? 1 : 0;
        if (arguments.Positional.Count <= place)
            return item => path.Get(item, rendering.Work).Truth;
        string name = NameOf(arguments.Positional[place], "test");
        var rest = new Arguments([.. arguments.Positional.Skip(place + 1)], arguments.Named);
        return item => Tests.Apply(name, rendering, path.Get(item, rendering.Work), rest).Truth;
    }

    private static string NameOf(Value name, string what) =>
        name is StringValue text ? text.Text : throw TemplateFault.Type($"the name of a {what} must be a string, not '{name.TypeName}'");
}
