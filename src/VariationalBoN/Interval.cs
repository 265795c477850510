using System.Globalization;

namespace VariationalBoN;

/// <summary>A confidence interval. Immutable, thread-safe.</summary>
/// <param name="Lower">The lower end; -infinity where the data say nothing.</param>
/// <param name="Upper">The upper end, at least <paramref name="Lower"/>; +infinity where the data say nothing.</param>
public readonly record struct Interval(double Lower, double Upper)
{
    /// <summary>Whether a value lies between the ends, ends included.</summary>
    /// <param name="value">Any number; NaN is in no interval.</param>
    /// <returns>True when it does.</returns>
    public bool Contains(double value) => value >= Lower && value <= Upper;

    /// <summary>The ends, such as "0.397 to 0.892".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Lower:0.000} to {Upper:0.000}");
}
