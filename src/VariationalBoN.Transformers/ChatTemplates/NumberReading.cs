using System.Globalization;
using System.Numerics;
using System.Text;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>What <c>int(text)</c> and <c>float(text)</c> read; null where they fail.</summary>
internal static class NumberReading
{
    public static BigInteger? Integer(string text, int radix, Work work)
    {
        if (radix is < 0 or 1 or > 36)
            return null;
        string digits = Normal(text);
        bool negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+'))
            digits = digits[1..];
        int named =
            digits.Length > 1 && digits[0] == '0'
                ? char.ToLowerInvariant(digits[1]) switch
                {
                    'b' => 2,
                    'o' => 8,
                    'x' => 16,
                    _ => 0,
                }
                : 0;
        bool hasPrefix = named > 0 && (radix == named || radix == 0);
        if (hasPrefix)
            digits = digits[2..];
        if (hasPrefix && digits.StartsWith('_'))
            digits = digits[1..];
        if (radix == 0 && !hasPrefix && digits.Length > 1 && digits[0] == '0' && digits.Any(digit => digit is not ('0' or '_')))
            return null;
        if (radix == 0)
            radix = hasPrefix ? named : 10;
        if (!HasGoodUnderscores(digits))
            return null;
        digits = digits.Replace("_", "", StringComparison.Ordinal);
        if (digits.Length > work.Bounds.MaxDigits)
            throw Work.Exceeded(nameof(ChatTemplateBounds.MaxDigits), $"an integer of {digits.Length} digits", work.Bounds.MaxDigits);
        work.Charge(digits.Length + (int)((long)digits.Length * digits.Length / 64));
        BigInteger number = 0;
        foreach (char digit in digits)
        {
            int value =
                char.IsAsciiDigit(digit) ? digit - '0'
                : char.IsAsciiLetter(digit) ? char.ToLowerInvariant(digit) - 'a' + 10
                : 99;
            if (value >= radix)
                return null;
            number = (number * radix) + value;
        }
        return negative ? -number : number;
    }

    public static double? Float(string text)
    {
        string number = Normal(text).ToLowerInvariant();
        string unsigned = number.TrimStart('+', '-');
        if (number.Length - unsigned.Length > 1)
            return null;
        double sign = number.StartsWith('-') ? -1 : 1;
        if (unsigned is "inf" or "infinity")
            return sign * double.PositiveInfinity;
        if (unsigned == "nan")
            return double.NaN;
        if (!IsDecimal(unsigned))
            return null;
        unsigned = unsigned.Replace("_", "", StringComparison.Ordinal);
        return sign * double.Parse(unsigned, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture);
    }

    /// <summary>Without space around it, digits of any script as ASCII.</summary>
    private static string Normal(string text)
    {
        int start = text.AsSpan().LeadingSpace(),
            end = text.AsSpan().LengthWithoutSpace();
        var all = new StringBuilder();
        foreach (int code in Characters.Codes(text.Substring(start, Math.Max(end - start, 0))))
        {
            if (code >= 0x80 && Characters.IsDecimal(code))
                all.Append((char)('0' + Characters.DecimalValue(code)));
            else
                all.Append(Characters.Text(code));
        }
        return all.ToString();
    }

    private static bool HasGoodUnderscores(string digits) =>
        digits.Length > 0 && digits[0] != '_' && digits[^1] != '_' && !digits.Contains("__", StringComparison.Ordinal);

    private static bool IsDecimal(string text)
    {
        int i = 0;
        int whole = Digits(text, ref i),
            fraction = 0;
        if (whole < 0)
            return false;
        if (i < text.Length && text[i] == '.')
        {
            i++;
            fraction = Digits(text, ref i);
        }
        if (fraction < 0 || whole + fraction == 0)
            return false;
        if (i == text.Length)
            return true;
        if (text[i++] != 'e')
            return false;
        if (i < text.Length && text[i] is '+' or '-')
            i++;
        return Digits(text, ref i) > 0 && i == text.Length;
    }

    /// <summary>Number of digits from <paramref name="i"/> on; -1 for an underscore that is not between two.</summary>
    private static int Digits(string text, ref int i)
    {
        int start = i;
        while (i < text.Length && (char.IsAsciiDigit(text[i]) || text[i] == '_'))
            i++;
        return i == start ? 0
            : HasGoodUnderscores(text[start..i]) ? i - start
            : -1;
    }
}
