using System.Globalization;
using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Filters of numbers.</summary>
internal static class NumberFilters
{
    public static (string, Filter)[] All { get; } =
    [("abs", Absolute), ("filesizeformat", FileSize), ("float", ToFloat), ("int", ToInteger), ("round", Round)];

    private static Value Absolute(Rendering rendering, Value value, Arguments arguments)
    {
        arguments.Bind("abs");
        return value switch
        {
            FloatValue number => new FloatValue(Math.Abs(number.Number), number.Origin),
            _ when Numbers.IsInteger(value) => IntegerValue.Of(BigInteger.Abs(Numbers.Integer(value)), value.Origin),
            UndefinedValue undefined => throw undefined.Fault(),
            _ => throw TemplateFault.Type($"bad operand type for abs(): '{value.TypeName}'"),
        };
    }

    private static Value ToInteger(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("int", "default", "base");
        Value otherwise = given[0] ?? IntegerValue.Of(0);
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        if (value is StringValue text)
        {
            rendering.Work.Charge(text.Text.Length);
            int radix = given[1] is null || Numbers.IsInteger(given[1]!) ? Filters.Integer(given[1], 10) : -1;
            BigInteger? whole = NumberReading.Integer(text.Text, radix, rendering.Work);
            if (whole is BigInteger number)
                return IntegerValue.Of(number, value.Origin);
            return NumberReading.Float(text.Text) is double broken && double.IsFinite(broken)
                ? IntegerValue.Of(new BigInteger(Math.Truncate(broken)), value.Origin)
                : otherwise;
        }
        if (value is FloatValue real)
        {
            if (double.IsInfinity(real.Number))
                throw TemplateFault.Value("cannot convert float infinity to integer");
            return double.IsNaN(real.Number) ? otherwise : IntegerValue.Of(new BigInteger(Math.Truncate(real.Number)), value.Origin);
        }
        return Numbers.IsInteger(value) ? IntegerValue.Of(Numbers.Integer(value), value.Origin) : otherwise;
    }

    private static Value ToFloat(Rendering rendering, Value value, Arguments arguments)
    {
        Value otherwise = arguments.Bind("float", "default")[0] ?? new FloatValue(0);
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        rendering.Work.Charge((value as StringValue)?.Text.Length ?? 0);
        if (value is StringValue text)
            return NumberReading.Float(text.Text) is double number ? new FloatValue(number, value.Origin) : otherwise;
        return Numbers.IsNumber(value) ? new FloatValue(Numbers.Float(value), value.Origin) : otherwise;
    }

    private static Value Round(Rendering rendering, Value value, Arguments arguments)
    {
        Value?[] given = arguments.Bind("round", "precision", "method");
        string method = given[1] is null ? "common" : (given[1] as StringValue)?.Text ?? "";
        if (method is not ("common" or "ceil" or "floor"))
            throw TemplateFault.Value("method must be common, ceil or floor");
        if (!Numbers.IsNumber(value))
            throw value is UndefinedValue undefined ? undefined.Fault() : TemplateFault.Type($"type {value.TypeName} cannot be rounded");
        if (method == "common")
            return RoundCommon(value, given[0], rendering.Work);
        Value scale = Numbers.Power(IntegerValue.Of(10), given[0] ?? IntegerValue.Of(0), rendering.Work);
        Value scaled = Numbers.Multiply(value, scale, rendering.Work);
        if (scaled is FloatValue real)
        {
            double to = method == "ceil" ? Math.Ceiling(real.Number) : Math.Floor(real.Number);
            if (!double.IsFinite(to))
                throw TemplateFault.Value("cannot convert float to integer");
            scaled = IntegerValue.Of(new BigInteger(to), value.Origin);
        }
        return Numbers.Divide(scaled, scale);
    }

    private static Value RoundCommon(Value value, Value? precision, Work work)
    {
        if (precision is NoneValue)
        {
            return value is FloatValue broken
                ? IntegerValue.Of(new BigInteger(FloatText.Round(broken.Number, 0)), value.Origin)
                : IntegerValue.Of(Numbers.Integer(value), value.Origin);
        }
        int digits = Filters.Integer(precision, 0);
        if (value is FloatValue real)
            return new FloatValue(FloatText.Round(real.Number, digits), value.Origin);
        BigInteger number = Numbers.Integer(value);
        if (digits >= 0)
            return IntegerValue.Of(number, value.Origin);
        if (-(long)digits > work.Bounds.MaxDigits)
            return IntegerValue.Of(BigInteger.Zero, value.Origin);
        BigInteger unit = BigInteger.Pow(10, -digits);
        return IntegerValue.Of(FloatText.HalfEven(BigInteger.Abs(number), unit) * unit * number.Sign, value.Origin);
    }

    private static StringValue FileSize(Rendering rendering, Value value, Arguments arguments)
    {
        bool binary = Filters.Flag(arguments.Bind("filesizeformat", "binary")[0]);
        rendering.Work.Charge((value as StringValue)?.Text.Length ?? 0);
        double size =
            value is StringValue text ? NumberReading.Float(text.Text) ?? throw TemplateFault.Value("could not convert string to float")
            : value is UndefinedValue undefined ? throw undefined.Fault()
            : Numbers.IsNumber(value) ? Numbers.Float(value)
            : throw TemplateFault.Type($"a size must be a number, not '{value.TypeName}'");
        double unit = binary ? 1024 : 1000;
        if (size == 1)
            return new StringValue("1 Byte", value.Origin);
        if (size < unit)
            return new StringValue(
                string.Create(CultureInfo.InvariantCulture, $"{new BigInteger(Math.Truncate(size))} Bytes"),
                value.Origin
            );
        const string Prefixes = "kMGTPEZY";
        int place = 0;
        double scale = unit * unit;
        for (; place < Prefixes.Length - 1 && size >= scale; place++)
            scale *= unit;
        string prefix = binary ? $"{char.ToUpperInvariant(Prefixes[place])}i" : Prefixes[place].ToString();
        string digits = NumberFormat.Fixed(unit * size / scale, 1);
        return new StringValue($"{digits} {prefix}B", value.Origin);
    }
}
