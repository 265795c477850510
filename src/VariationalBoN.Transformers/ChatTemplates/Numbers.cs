using System.Numerics;

namespace VariationalBoN.Transformers.ChatTemplates;

/// <summary>Arithmetic of Python: integers of any size, floor division, exact comparison of integers with floats.</summary>
internal static class Numbers
{
    public static bool IsNumber(Value value) => value is IntegerValue or FloatValue or BooleanValue;

    public static bool IsInteger(Value value) => value is IntegerValue or BooleanValue;

    public static BigInteger Integer(Value value) =>
        value switch
        {
            IntegerValue number => number.Number,
            BooleanValue flag => flag.Truth ? 1 : 0,
            _ => throw TemplateFault.Type($"'{value.TypeName}' object cannot be interpreted as an integer"),
        };

    public static double Float(Value value) => value is FloatValue number ? number.Number : ToDouble(Integer(value));

    /// <summary>The nearest double; refuses an integer beyond their range.</summary>
    public static double ToDouble(BigInteger number)
    {
        if (number.GetBitLength() > 1100)
            throw TemplateFault.Value("int too large to convert to float");
        if (BigInteger.Abs(number) < 1L << 53)
            return (double)number;
        double nearest = double.Parse(
            number.ToString(System.Globalization.CultureInfo.InvariantCulture),
            System.Globalization.CultureInfo.InvariantCulture
        );
        return double.IsFinite(nearest) ? nearest : throw TemplateFault.Value("int too large to convert to float");
    }

    /// <summary>-1, 0 or 1; null where one of them is not a number.</summary>
    public static int? Compare(Value a, Value b)
    {
        if (IsInteger(a) && IsInteger(b))
            return Integer(a).CompareTo(Integer(b));
        if (a is FloatValue x && b is FloatValue y)
            return double.IsNaN(x.Number) || double.IsNaN(y.Number) ? null : x.Number.CompareTo(y.Number);
        return a is FloatValue left ? -CompareExact(Integer(b), left.Number) : CompareExact(Integer(a), ((FloatValue)b).Number);
    }

    public static Value Negate(Value a) =>
        a is FloatValue number ? new FloatValue(-number.Number, a.Origin) : IntegerValue.Of(-Integer(a), a.Origin);

    public static Value Add(Value a, Value b, Work work) =>
        Both(a, b)
            ? IntegerValue.Of(work.CheckDigits(Integer(a) + Integer(b)), a.Origin | b.Origin)
            : new FloatValue(Float(a) + Float(b), a.Origin | b.Origin);

    public static Value Subtract(Value a, Value b, Work work) =>
        Both(a, b)
            ? IntegerValue.Of(work.CheckDigits(Integer(a) - Integer(b)), a.Origin | b.Origin)
            : new FloatValue(Float(a) - Float(b), a.Origin | b.Origin);

    public static Value Multiply(Value a, Value b, Work work)
    {
        if (!Both(a, b))
            return new FloatValue(Float(a) * Float(b), a.Origin | b.Origin);
        work.ChargeProduct(Integer(a), Integer(b));
        return IntegerValue.Of(work.CheckDigits(Integer(a) * Integer(b)), a.Origin | b.Origin);
    }

    public static Value Divide(Value a, Value b)
    {
        if (!b.Truth)
            throw TemplateFault.Value("division by zero");
        double quotient = Both(a, b) ? Quotient(Integer(a), Integer(b)) : Float(a) / Float(b);
        return new FloatValue(quotient, a.Origin | b.Origin);
    }

    public static Value FloorDivide(Value a, Value b)
    {
        if (!b.Truth)
            throw TemplateFault.Value("integer division or modulo by zero");
        if (Both(a, b))
            return IntegerValue.Of(Floor(Integer(a), Integer(b)).Quotient, a.Origin | b.Origin);
        (double quotient, _) = Floor(Float(a), Float(b));
        return new FloatValue(quotient, a.Origin | b.Origin);
    }

    public static Value Modulo(Value a, Value b)
    {
        if (!b.Truth)
            throw TemplateFault.Value("integer modulo by zero");
        if (Both(a, b))
            return IntegerValue.Of(Floor(Integer(a), Integer(b)).Remainder, a.Origin | b.Origin);
        (_, double rest) = Floor(Float(a), Float(b));
        return new FloatValue(rest, a.Origin | b.Origin);
    }

    public static Value Power(Value a, Value b, Work work)
    {
        if (Both(a, b) && Integer(b).Sign >= 0)
            return IntegerValue.Of(Power(Integer(a), Integer(b), work), a.Origin | b.Origin);
        (double x, double y) = (Float(a), Float(b));
        if (x == 0 && y < 0)
            throw TemplateFault.Value("0.0 cannot be raised to a negative power");
        if (x < 0 && double.IsFinite(x) && double.IsFinite(y) && y != Math.Floor(y))
            throw TemplateFault.Unsupported("a negative number to a fractional power is complex; the engine has no complex numbers");
        double power = Math.Pow(x, y);
        if (double.IsInfinity(power) && double.IsFinite(x) && double.IsFinite(y))
            throw TemplateFault.Value("numerical result out of range");
        return new FloatValue(power, a.Origin | b.Origin);
    }

    /// <summary>Rounds toward minus infinity; the rest has the sign of <paramref name="b"/>.</summary>
    public static (BigInteger Quotient, BigInteger Remainder) Floor(BigInteger a, BigInteger b)
    {
        BigInteger quotient = BigInteger.DivRem(a, b, out BigInteger rest);
        return !rest.IsZero && rest.Sign != b.Sign ? (quotient - 1, rest + b) : (quotient, rest);
    }

    private static (double Quotient, double Remainder) Floor(double a, double b)
    {
        double rest = a % b,
            quotient = (a - rest) / b;
        if (rest != 0)
        {
            if (b < 0 != rest < 0)
                (rest, quotient) = (rest + b, quotient - 1);
        }
        else
        {
            rest = Math.CopySign(0, b);
        }
        if (quotient == 0)
            return (Math.CopySign(0, a / b), rest);
        double floor = Math.Floor(quotient);
        return (quotient - floor > 0.5 ? floor + 1 : floor, rest);
    }

    private static BigInteger Power(BigInteger a, BigInteger b, Work work)
    {
        if (b.IsZero || a.IsOne)
            return 1;
        if (a.IsZero || BigInteger.Abs(a).IsOne)
            return a.IsZero ? 0
                : b.IsEven ? 1
                : a;
        BigInteger? power =
            (BigInteger.Abs(a).GetBitLength() - 1) * b <= work.Bounds.MaxPowerDigits * 4L ? BigInteger.Pow(a, (int)b) : null;
        if (power is null || BigInteger.Abs(power.Value) >= BigInteger.Pow(10, work.Bounds.MaxPowerDigits))
            throw Work.Exceeded(nameof(ChatTemplateBounds.MaxPowerDigits), "an integer power", work.Bounds.MaxPowerDigits, " digits");
        return power.Value;
    }

    /// <summary>The double nearest to a / b, as Python divides integers.</summary>
    private static double Quotient(BigInteger a, BigInteger b)
    {
        if (BigInteger.Abs(a) <= 1L << 53 && BigInteger.Abs(b) <= 1L << 53)
            return (double)a / (double)b;
        (BigInteger top, BigInteger bottom) = (BigInteger.Abs(a), BigInteger.Abs(b));
        int shift = (int)(top.GetBitLength() - bottom.GetBitLength()) - 64;
        (top, bottom) = shift > 0 ? (top, bottom << shift) : (top << -shift, bottom);
        BigInteger scaled = BigInteger.DivRem(top, bottom, out BigInteger rest);
        if (!rest.IsZero)
            scaled |= 1;
        double quotient = Scale(scaled, shift);
        if (double.IsInfinity(quotient))
            throw TemplateFault.Value("integer division result too large for a float");
        return a.Sign == b.Sign ? quotient : -quotient;
    }

    /// <summary>scaled * 2^shift, rounded once; <paramref name="scaled"/> has 64 or 65 bits, the last of them sticky.</summary>
    private static double Scale(BigInteger scaled, int shift)
    {
        int keep = (int)Math.Clamp(scaled.GetBitLength() + shift + 1074, 0, 53),
            drop = (int)scaled.GetBitLength() - keep;
        BigInteger kept = scaled >> drop,
            rest = scaled - (kept << drop),
            half = BigInteger.One << (drop - 1);
        if (rest > half || (rest == half && !kept.IsEven))
            kept += 1;
        return Math.ScaleB((double)kept, shift + drop);
    }

    private static bool Both(Value a, Value b) => IsInteger(a) && IsInteger(b);

    private static int? CompareExact(BigInteger a, double b)
    {
        if (double.IsNaN(b))
            return null;
        if (double.IsInfinity(b))
            return b > 0 ? -1 : 1;
        double floor = Math.Floor(b);
        int order = a.CompareTo(new BigInteger(floor));
        return order == 0 && floor < b ? -1 : order;
    }
}
