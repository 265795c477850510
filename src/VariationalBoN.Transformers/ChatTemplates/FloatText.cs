using System.Globalization;
using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Floats as Python writes and rounds them.</summary>
internal static class FloatText
{
    /// <summary>What <c>repr(x)</c> is: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Of(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        string sign = double.IsNegative(number) ? "-" : "";
        if (number == 0)
            return sign + "0.0";
        (string digits, int exponent) = Shortest(Math.Abs(number));
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}"
            );
        }
        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length > exponent + 1
            ? $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}"
            : $"{sign}{digits.PadRight(exponent + 1, '0')}.0";
    }

    /// <summary>What <c>round(x, digits)</c> is: the exact decimal value rounded half to even, then the nearest double.</summary>
    public static double Round(double number, int digits)
    {
        if (!double.IsFinite(number) || number == 0 || digits > 330)
            return number;
        if (digits < -330)
            return Math.CopySign(0, number);
        (BigInteger top, BigInteger bottom) = Exact(Math.Abs(number));
        if (digits >= 0)
            top *= BigInteger.Pow(10, digits);
        else
            bottom *= BigInteger.Pow(10, -digits);
        BigInteger rounded = HalfEven(top, bottom);
        double result = double.Parse(string.Create(CultureInfo.InvariantCulture, $"{rounded}e{-digits}"), CultureInfo.InvariantCulture);
        return double.IsInfinity(result)
            ? throw TemplateFault.Value("rounded value too large to represent")
            : Math.CopySign(result, number);
    }

    /// <summary>top / bottom to the nearest integer, a half to the even one; both positive.</summary>
    public static BigInteger HalfEven(BigInteger top, BigInteger bottom)
    {
        BigInteger quotient = BigInteger.DivRem(top, bottom, out BigInteger rest);
        int order = (rest * 2).CompareTo(bottom);
        return order > 0 || (order == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    /// <summary>The exact value of a positive double as a fraction.</summary>
    public static (BigInteger Top, BigInteger Bottom) Exact(double number)
    {
        long bits = BitConverter.DoubleToInt64Bits(number);
        int exponent = (int)((bits >> 52) & 0x7FF);
        BigInteger mantissa = exponent == 0 ? bits & 0xFFFFFFFFFFFFF : (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
        int shift = Math.Max(exponent, 1) - 1075;
        return shift >= 0 ? (mantissa << shift, 1) : (mantissa, BigInteger.One << -shift);
    }

    private static (string Digits, int Exponent) Shortest(double number)
    {
        string text = number.ToString("R", CultureInfo.InvariantCulture);
        int end = text.IndexOf('E', StringComparison.Ordinal);
        string digits = (end < 0 ? text : text[..end]).Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        int exponent =
            end < 0 ? PlainExponent(text) : int.Parse(text.AsSpan(end + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return (digits, exponent);
    }

    private static int PlainExponent(string plain)
    {
        int point = plain.IndexOf('.', StringComparison.Ordinal);
        if (plain[0] != '0')
            return (point < 0 ? plain.Length : point) - 1;
        int first = point + 1;
        while (plain[first] == '0')
            first++;
        return point - first;
    }
}
