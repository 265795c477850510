using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Methods of mappings, lists, tuples and numbers that change nothing.</summary>
internal static class CollectionMethods
{
    public static Value? Call(MappingValue mapping, string name, Arguments arguments, Work work)
    {
        switch (name)
        {
            case "keys" or "values" or "items":
                arguments.Bind(name);
                return new MappingViewValue(mapping, name);
            case "get":
                Value?[] given = arguments.Bind("get", "/key!", "/default");
                Comparing.CheckKey(given[0]!, work);
                return mapping.Find(given[0]!) ?? given[1] ?? NoneValue.Plain;
            case "copy":
                arguments.Bind("copy");
                return mapping;
            default:
                return null;
        }
    }

    public static Value? Call(SequenceValue sequence, string name, Arguments arguments, Work work)
    {
        switch (name)
        {
            case "copy":
                arguments.Bind("copy");
                return sequence;
            case "count":
                Value counted = arguments.Bind("count", "/value!")[0]!;
                return IntegerValue.Of(sequence.Items.Count(item => Comparing.Same(item, counted, work)));
            case "index":
                Value?[] given = arguments.Bind("index", "/value!", "/start", "/stop");
                int start = Place(given[1], 0, sequence.Items.Length),
                    stop = Place(given[2], sequence.Items.Length, sequence.Items.Length);
                for (int i = start; i < stop; i++)
                {
                    if (Comparing.Same(sequence.Items[i], given[0]!, work))
                        return IntegerValue.Of(i);
                }
                throw TemplateFault.Value("the value is not in the list");
            default:
                return null;
        }
    }

    public static Value? CallNumber(Value number, string name, Arguments arguments)
    {
        if (!Numbers.IsNumber(number))
            return null;
        arguments.Bind(name);
        return (name, number) switch
        {
            ("bit_length", not FloatValue) => IntegerValue.Of(BitLength(BigInteger.Abs(Numbers.Integer(number)))),
            ("conjugate", _) => number is FloatValue ? number : IntegerValue.Of(Numbers.Integer(number), number.Origin),
            ("is_integer", FloatValue real) => BooleanValue.Of(double.IsInteger(real.Number)),
            _ => null,
        };
    }

    /// <summary>An attribute of a number that is no method.</summary>
    public static Value? NumberAttribute(Value number, string name) =>
        name switch
        {
            "real" or "numerator" when number is not FloatValue => IntegerValue.Of(Numbers.Integer(number), number.Origin),
            "real" => number,
            "imag" => number is FloatValue ? new FloatValue(0) : IntegerValue.Of(0),
            "denominator" => IntegerValue.Of(1),
            _ => null,
        };

    private static BigInteger BitLength(BigInteger number) => number.IsZero ? 0 : number.GetBitLength();

    private static int Place(Value? value, int otherwise, int length)
    {
        if (value is null)
            return otherwise;
        BigInteger place = Numbers.Integer(value);
        return (int)BigInteger.Min(BigInteger.Max(place < 0 ? place + length : place, 0), length);
    }
}
