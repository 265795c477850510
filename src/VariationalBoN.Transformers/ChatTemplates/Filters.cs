using System.Collections.Frozen;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>A filter: what it makes of a value and its arguments.</summary>
internal delegate Value Filter(Rendering rendering, Value value, Arguments arguments);

/// <summary>The filters by name.</summary>
internal static class Filters
{
    private static readonly FrozenDictionary<string, Filter> All = new (string, Filter)[][]
    {
        TextFilters.All,
        MoreTextFilters.All,
        ListFilters.All,
        OrderFilters.All,
        LazyFilters.All,
        NumberFilters.All,
    }
        .SelectMany(filters => filters)
        .ToFrozenDictionary(filter => filter.Item1, filter => filter.Item2, StringComparer.Ordinal);

    /// <summary>Filters of the reference implementation that the engine refuses when they are reached.</summary>
    private static readonly FrozenSet<string> Refused = FrozenSet.ToFrozenSet(
        ["pprint", "random", "striptags", "urlize", "wordwrap"],
        StringComparer.Ordinal
    );

    public static bool Exists(string name) => All.ContainsKey(name) || Refused.Contains(name);

    public static Value Apply(string name, Rendering rendering, Value value, Arguments arguments)
    {
        if (All.TryGetValue(name, out Filter? filter))
            return filter(rendering, value, arguments);
        throw TemplateFault.Unsupported(Refused.Contains(name) ? $"the engine has no filter '{name}'" : $"no filter named '{name}'");
    }

    /// <summary>The integer of an argument, or a default.</summary>
    public static int Integer(Value? value, int otherwise)
    {
        if (value is null)
            return otherwise;
        System.Numerics.BigInteger number = Numbers.Integer(value);
        return number >= int.MinValue && number <= int.MaxValue
            ? (int)number
            : throw new TemplateFault(FaultKind.Bound, $"{number} as an argument exceeds the bounds of any text or list");
    }

    public static bool Flag(Value? value) => value is not null && value.Truth;
}
