using System.Globalization;
using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Numbers of the operator % of strings.</summary>
internal static class PercentNumber
{
    private const int MaxPrecision = 400;

    public static StringValue Format(Value value, char kind, string flags, int? precision, Work work)
    {
        Operators.RequireDefined(value, value);
        if (!Numbers.IsNumber(value))
            throw TemplateFault.Type($"%{kind} format: a real number is required, not {value.TypeName}");
        if (flags.Contains('#', StringComparison.Ordinal) || precision > MaxPrecision)
            throw TemplateFault.Unsupported($"the engine does not know this form of %{kind}");
        string text = kind switch
        {
            'd' or 'i' or 'u' => Whole(value, work).ToString(CultureInfo.InvariantCulture),
            'x' or 'X' or 'o' when Numbers.IsInteger(value) => Radix(Numbers.Integer(value), kind == 'o' ? 8 : 16, work),
            'f' or 'F' => NumberFormat.Fixed(Numbers.Float(value), precision ?? 6),
            'e' or 'E' => NumberFormat.Scientific(Numbers.Float(value), precision ?? 6),
            'g' or 'G' => NumberFormat.General(Numbers.Float(value), precision ?? 6),
            _ => throw TemplateFault.Value($"unsupported format character '{kind}'"),
        };
        if (kind is 'd' or 'i' or 'u' or 'x' or 'X' or 'o' && precision > text.TrimStart('-').Length)
            throw TemplateFault.Unsupported($"the engine does not know a precision for %{kind}");
        if (char.IsAsciiLetterUpper(kind))
            text = text.ToUpperInvariant();
        if (!text.StartsWith('-'))
            text =
                flags.Contains('+', StringComparison.Ordinal) ? "+" + text
                : flags.Contains(' ', StringComparison.Ordinal) ? " " + text
                : text;
        return new StringValue(text, value.Origin);
    }

    private static BigInteger Whole(Value value, Work work)
    {
        if (value is not FloatValue real)
            return work.CheckDigits(Numbers.Integer(value));
        return double.IsFinite(real.Number)
            ? new BigInteger(Math.Truncate(real.Number))
            : throw TemplateFault.Value("cannot convert float to integer");
    }

    private static string Radix(BigInteger number, int radix, Work work)
    {
        BigInteger size = number << (int)(number.GetBitLength() * 7); // a division for each digit
        work.ChargeProduct(number, size);
        var digits = new List<char>();
        for (BigInteger rest = BigInteger.Abs(number); !rest.IsZero || digits.Count == 0; rest /= radix)
            digits.Add("0123456789abcdef"[(int)(rest % radix)]);
        digits.Reverse();
        return (number.Sign < 0 ? "-" : "") + string.Concat(digits);
    }
}
