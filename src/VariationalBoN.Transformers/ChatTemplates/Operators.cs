using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>The binary and unary operators.</summary>
internal static class Operators
{
    public static Value Apply(string symbol, Value a, Value b, Work work)
    {
        if (symbol == "%" && a is StringValue format)
            return PercentFormat.Apply(format, b, work);
        RequireDefined(a, b);
        if (Numbers.IsNumber(a) && Numbers.IsNumber(b))
        {
            if (symbol is "/" or "//" or "%" && Numbers.IsInteger(a) && Numbers.IsInteger(b))
                work.ChargeProduct(Numbers.Integer(a), Numbers.Integer(a));
            return symbol switch
            {
                "+" => Numbers.Add(a, b, work),
                "-" => Numbers.Subtract(a, b, work),
                "*" => Numbers.Multiply(a, b, work),
                "/" => Numbers.Divide(a, b),
                "//" => Numbers.FloorDivide(a, b),
                "%" => Numbers.Modulo(a, b),
                _ => Numbers.Power(a, b, work),
            };
        }
        return (symbol, a, b) switch
        {
            ("+", StringValue x, StringValue y) => Join(x, y, work),
            ("+", ListValue x, ListValue y) => new ListValue(Join(x.Items, y.Items, work)),
            ("+", TupleValue x, TupleValue y) => new TupleValue(Join(x.Items, y.Items, work)),
            ("*", _, _) when Numbers.IsInteger(b) && a is (StringValue or SequenceValue) => Repeat(a, Numbers.Integer(b), work),
            ("*", _, _) when Numbers.IsInteger(a) && b is (StringValue or SequenceValue) => Repeat(b, Numbers.Integer(a), work),
            _ => throw Unsupported(symbol, a, b),
        };
    }

    public static Value Negate(Value value)
    {
        RequireDefined(value, value);
        return Numbers.IsNumber(value)
            ? Numbers.Negate(value)
            : throw TemplateFault.Type($"bad operand type for unary -: '{value.TypeName}'");
    }

    public static Value Plus(Value value)
    {
        RequireDefined(value, value);
        return Numbers.IsNumber(value)
            ? value is BooleanValue
                ? IntegerValue.Of(Numbers.Integer(value), value.Origin)
                : value
            : throw TemplateFault.Type($"bad operand type for unary +: '{value.TypeName}'");
    }

    /// <summary>Undefined values take part in no operation.</summary>
    public static void RequireDefined(Value a, Value b)
    {
        if (a is UndefinedValue left)
            throw left.Fault();
        if (b is UndefinedValue right)
            throw right.Fault();
    }

    /// <summary>Joins two texts; where one of them is markup the other is escaped.</summary>
    public static StringValue Join(StringValue a, StringValue b, Work work)
    {
        bool markup = a.IsMarkup || b.IsMarkup;
        var text = new TextBuilder(work);
        text.Add(markup ? Escaping.Escape(a, work) : a);
        text.Add(markup ? Escaping.Escape(b, work) : b);
        return text.Build(markup);
    }

    private static Value[] Join(Value[] a, Value[] b, Work work)
    {
        work.CheckItems((long)a.Length + b.Length);
        return [.. a, .. b];
    }

    private static Value Repeat(Value of, BigInteger times, Work work)
    {
        if (BigInteger.Abs(times) > long.MaxValue)
            throw TemplateFault.Value("cannot fit 'int' into an index-sized integer");
        times = BigInteger.Max(times, 0);
        if (of is StringValue text)
        {
            BigInteger length = text.Text.Length * times;
            work.CheckText(length > long.MaxValue ? long.MaxValue : (long)length);
            var all = new TextBuilder(work);
            for (int i = 0; length > 0 && i < times; i++)
                all.Add(text);
            return all.Build(text.IsMarkup);
        }
        Value[] items = ((SequenceValue)of).Items;
        work.CheckItems(items.Length * times);
        Value[] repeated = items.Length == 0 ? [] : [.. Enumerable.Repeat(items, (int)times).SelectMany(part => part)];
        return of is ListValue ? new ListValue(repeated) : new TupleValue(repeated);
    }

    private static TemplateFault Unsupported(string symbol, Value a, Value b) =>
        TemplateFault.Type($"unsupported operand type(s) for {symbol}: '{a.TypeName}' and '{b.TypeName}'");
}
