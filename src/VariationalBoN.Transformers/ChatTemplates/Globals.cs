using System.Collections.Frozen;
using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The global names of a template.</summary>
internal static class Globals
{
    private static readonly FrozenDictionary<string, Value> All = new FunctionValue[]
    {
        new("range", Range, "range"),
        new("dict", (rendering, arguments) => Mapping(arguments, rendering.Work), "dict"),
        new("namespace", (rendering, arguments) => new NamespaceValue(Mapping(arguments, rendering.Work)), "jinja2.utils.Namespace"),
        new("cycler", Cycler, "jinja2.utils.Cycler"),
        new(
            "joiner",
            (_, arguments) => new JoinerValue(arguments.Bind("joiner", "sep")[0] ?? new StringValue(", ")),
            "jinja2.utils.Joiner"
        ),
        new("lipsum", (_, _) => throw TemplateFault.Unsupported("the engine has no lipsum()")),
        new("raise_exception", Raise),
        new("strftime_now", Now),
    }.ToFrozenDictionary(function => function.Name, function => (Value)function, StringComparer.Ordinal);

    public static Value? Find(string name) => All.GetValueOrDefault(name);

    private static RangeValue Range(Rendering rendering, Arguments arguments)
    {
        Value?[] given = arguments.Bind("range", "/start!", "/stop", "/step");
        BigInteger first = Bound(given[0]!);
        RangeValue range = given[1] is null ? new(0, first, 1) : new(first, Bound(given[1]!), Step(given[2]));
        return range.Count <= rendering.Work.Bounds.MaxRange
            ? range
            : throw Work.Exceeded(nameof(ChatTemplateBounds.MaxRange), $"a range of {range.Count} items", rendering.Work.Bounds.MaxRange);
    }

    private static BigInteger Bound(Value value)
    {
        Operators.RequireDefined(value, value);
        return Numbers.Integer(value);
    }

    private static BigInteger Step(Value? step)
    {
        BigInteger by = step is null ? 1 : Bound(step);
        return by.IsZero ? throw TemplateFault.Value("range() arg 3 must not be zero") : by;
    }

    /// <summary>A mapping of another mapping, or of pairs, and of named arguments.</summary>
    private static MappingValue Mapping(Arguments arguments, Work work)
    {
        if (arguments.Positional.Count > 1)
            throw TemplateFault.Type($"dict expected at most 1 argument, got {arguments.Positional.Count}");
        var mapping = new MappingValue();
        if (arguments.Positional is [Value from])
        {
            Operators.RequireDefined(from, from);
            foreach (Value entry in Iterating.Items(from is MappingValue other ? new MappingViewValue(other, "items") : from, work))
            {
                if (Iterating.ToArray(entry, work) is not [Value key, Value value])
                    throw TemplateFault.Value("a mapping is made of pairs");
                Comparing.CheckKey(key, work);
                mapping.Set(key, value);
            }
        }
        foreach ((string name, Value value) in arguments.Named)
            mapping.Set(arguments.Key(name), value);
        return mapping;
    }

    private static CyclerValue Cycler(Rendering rendering, Arguments arguments)
    {
        if (arguments.Named.Count > 0 || arguments.Positional.Count == 0)
            throw TemplateFault.Type("cycler needs at least one item, by position");
        return new CyclerValue(arguments.Positional);
    }

    private static Value Raise(Rendering rendering, Arguments arguments)
    {
        Value message = arguments.Bind("raise_exception", "message!")[0]!;
        throw new TemplateFault(FaultKind.Raised, Printing.Text(message, rendering.Work).Text);
    }

    private static StringValue Now(Rendering rendering, Arguments arguments)
    {
        Value format = arguments.Bind("strftime_now", "format!")[0]!;
        if (format is not StringValue text)
            throw TemplateFault.Type($"strftime_now needs a string, not '{format.TypeName}'");
        DateTime now =
            rendering.Now
            ?? throw new TemplateFault(
                FaultKind.Value,
                $"the template asks for the date with strftime_now; give {nameof(ChatTemplateInput)}.{nameof(ChatTemplateInput.Date)}"
            );
        return new StringValue(TimeFormat.Apply(text.Text, now, rendering.Work).Text, text.Origin);
    }
}
