using System.Globalization;

namespace VariationalBoN.Tests.Numerics;

/// <summary>Elementary functions in decimals of 28 digits, by their series: the truth for functions of doubles.</summary>
internal static class ExactReals
{
    /// <summary>A double to 28 decimals; the conversion of .NET keeps 15 digits.</summary>
    public static decimal Of(double x) => decimal.Parse(x.ToString("F28", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>e^x - 1, |x| up to some 50.</summary>
    public static decimal Expm1(decimal x)
    {
        if (Math.Abs(x) > 0.5m)
        {
            decimal half = Expm1(x / 2); // (1 + h)^2 - 1
            return half * (2 + half);
        }

        decimal sum = 0,
            term = 1;
        for (int k = 1; k <= 40; k++)
            sum += term *= x / k;
        return sum;
    }

    /// <summary>log(1 + x), x from -1 + 1e-20 to 1e20.</summary>
    public static decimal Log1p(decimal x)
    {
        decimal twos = 0;
        while (1 + x > 1.5m)
            (x, twos) = ((x - 1) / 2, twos + 1);
        while (1 + x < 0.7m)
            (x, twos) = ((2 * x) + 1, twos - 1);
        return Near(x) + (twos * 2 * Atanh(1m / 3)); // log 2 = 2 atanh(1/3)
    }

    /// <summary>log x.</summary>
    public static decimal Log(decimal x) => Log1p(x - 1);

    private static decimal Near(decimal x) => 2 * Atanh(x / (2 + x));

    private static decimal Atanh(decimal z)
    {
        decimal sum = 0,
            power = z;
        for (int k = 1; k <= 59; k += 2, power *= z * z)
            sum += power / k;
        return sum;
    }
}
