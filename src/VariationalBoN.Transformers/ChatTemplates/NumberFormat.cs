using System.Globalization;
using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Floats with a number of digits; the exact value is rounded, a half to the even digit.</summary>
internal static class NumberFormat
{
    /// <summary>As <c>%.Nf</c>.</summary>
    public static string Fixed(double number, int digits)
    {
        if (!double.IsFinite(number))
            return FloatText.Of(number);
        (BigInteger top, BigInteger bottom) = FloatText.Exact(Math.Abs(number));
        string text = FloatText
            .HalfEven(top * BigInteger.Pow(10, digits), bottom)
            .ToString(CultureInfo.InvariantCulture)
            .PadLeft(digits + 1, '0');
        string sign = double.IsNegative(number) ? "-" : "";
        return digits == 0 ? sign + text : $"{sign}{text[..^digits]}.{text[^digits..]}";
    }

    /// <summary>As <c>%.Ne</c>.</summary>
    public static string Scientific(double number, int digits)
    {
        if (!double.IsFinite(number))
            return FloatText.Of(number);
        (string text, int exponent) = Significant(Math.Abs(number), digits + 1);
        string point = digits == 0 ? "" : "." + text[1..];
        string sign = double.IsNegative(number) ? "-" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{text[0]}{point}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");
    }

    /// <summary>As <c>%.Ng</c>.</summary>
    public static string General(double number, int digits)
    {
        if (!double.IsFinite(number))
            return FloatText.Of(number);
        digits = Math.Max(digits, 1);
        (_, int exponent) = Significant(Math.Abs(number), digits);
        if (exponent >= -4 && exponent < digits)
            return Trimmed(Fixed(number, digits - 1 - exponent));
        string text = Scientific(number, digits - 1);
        int end = text.IndexOf('e', StringComparison.Ordinal);
        return Trimmed(text[..end]) + text[end..];
    }

    private static string Trimmed(string text) => text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;

    private static (string Digits, int Exponent) Significant(double number, int digits)
    {
        if (number == 0)
            return (new string('0', digits), 0);
        (BigInteger top, BigInteger bottom) = FloatText.Exact(number);
        int exponent = (int)Math.Floor(Math.Log10(number));
        while (true)
        {
            int shift = digits - 1 - exponent;
            BigInteger rounded =
                shift >= 0
                    ? FloatText.HalfEven(top * BigInteger.Pow(10, shift), bottom)
                    : FloatText.HalfEven(top, bottom * BigInteger.Pow(10, -shift));
            string text = rounded.ToString(CultureInfo.InvariantCulture);
            if (text.Length == digits)
                return (text, exponent);
            exponent += text.Length > digits ? 1 : -1;
        }
    }
}
