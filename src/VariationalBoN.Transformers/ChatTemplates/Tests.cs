using System.Collections.Frozen;
using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The tests after "is".</summary>
internal static class Tests
{
    private static readonly FrozenDictionary<string, Func<Value, bool>> Plain = new Dictionary<string, Func<Value, bool>>
    {
        ["boolean"] = value => value is BooleanValue,
        ["callable"] = value => value is CallableValue or UndefinedValue,
        ["defined"] = value => value is not UndefinedValue,
        ["escaped"] = value => value is StringValue { IsMarkup: true },
        ["false"] = value => value is BooleanValue { Truth: false },
        ["float"] = value => value is FloatValue,
        ["integer"] = value => value is IntegerValue,
        ["iterable"] = Iterating.IsIterable,
        ["mapping"] = value => value is MappingValue,
        ["none"] = value => value is NoneValue,
        ["number"] = Numbers.IsNumber,
        ["sequence"] = value => value is StringValue or SequenceValue or MappingValue or RangeValue or UndefinedValue,
        ["string"] = value => value is StringValue,
        ["true"] = value => value is BooleanValue { Truth: true },
        ["undefined"] = value => value is UndefinedValue,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Compared = new Dictionary<string, string>
    {
        ["=="] = "==",
        ["eq"] = "==",
        ["equalto"] = "==",
        ["!="] = "!=",
        ["ne"] = "!=",
        [">"] = ">",
        ["gt"] = ">",
        ["greaterthan"] = ">",
        [">="] = ">=",
        ["ge"] = ">=",
        ["<"] = "<",
        ["lt"] = "<",
        ["lessthan"] = "<",
        ["<="] = "<=",
        ["le"] = "<=",
        ["in"] = "in",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Others = FrozenSet.ToFrozenSet(
        ["divisibleby", "even", "filter", "lower", "odd", "sameas", "test", "upper"],
        StringComparer.Ordinal
    );

    public static bool Exists(string name) => Plain.ContainsKey(name) || Compared.ContainsKey(name) || Others.Contains(name);

    public static BooleanValue Apply(string name, Rendering rendering, Value value, Arguments arguments)
    {
        if (Plain.TryGetValue(name, out Func<Value, bool>? plain))
        {
            arguments.Bind($"test '{name}'");
            return BooleanValue.Of(plain(value));
        }
        if (Compared.TryGetValue(name, out string? symbol))
        {
            Value other = arguments.Bind($"test '{name}'", name == "in" ? "seq!" : "/other!")[0]!;
            return BooleanValue.Of(ComparisonExpression.Holds(symbol, value, other, rendering.Work));
        }
        return BooleanValue.Of(ApplyOther(name, value, arguments, rendering.Work));
    }

    private static bool ApplyOther(string name, Value value, Arguments arguments, Work work)
    {
        switch (name)
        {
            case "divisibleby":
                return Rest(value, arguments.Bind("test 'divisibleby'", "num!")[0]!, work) == 0;
            case "even" or "odd":
                arguments.Bind($"test '{name}'");
                return Rest(value, IntegerValue.Of(2), work) == (name == "even" ? 0 : 1);
            case "sameas":
                return IsSame(value, arguments.Bind("test 'sameas'", "other!")[0]!);
            case "lower" or "upper":
                arguments.Bind($"test '{name}'");
                string shown = Printing.Text(value, work).Text;
                work.Charge(shown.Length);
                return CaseTests.HasCase(shown, upper: name == "upper");
            case "filter" or "test":
                arguments.Bind($"test '{name}'");
                Comparing.CheckKey(value, work);
                return value is StringValue text && (name == "filter" ? Filters.Exists(text.Text) : Exists(text.Text));
            default:
                throw TemplateFault.Unsupported($"no test named '{name}'");
        }
    }

    /// <summary>Identity; small integers, strings and the like would be one object in Python only by chance, and are refused.</summary>
    private static bool IsSame(Value a, Value b)
    {
        if (a is NoneValue or BooleanValue || b is NoneValue or BooleanValue)
            return a.GetType() == b.GetType() && a.Truth == b.Truth;
        if (ReferenceEquals(a, b))
            return true;
        if (a is IntegerValue x && b is IntegerValue y && x.Number == y.Number && x.Number >= -5 && x.Number <= 256)
            return true;
        return a.GetType() == b.GetType() && a is StringValue or IntegerValue or FloatValue or TupleValue
            ? throw TemplateFault.Unsupported("whether two equal values are one object depends on Python's memory; use '=='")
            : false;
    }

    private static double Rest(Value value, Value by, Work work)
    {
        Operators.RequireDefined(value, by);
        if (!Numbers.IsNumber(value) || !Numbers.IsNumber(by))
            throw TemplateFault.Type($"unsupported operand type(s) for %: '{value.TypeName}' and '{by.TypeName}'");
        Value rest = Operators.Apply("%", value, by, work);
        return rest is FloatValue real ? real.Number : (double)BigInteger.Min(BigInteger.Abs(Numbers.Integer(rest)), 2);
    }
}
