using System.Globalization;
using System.Runtime.CompilerServices;

namespace VariationalBoN.Internal;

/// <summary>An interpolated string in the invariant culture, as a parameter;
/// unlike a FormattableString it may be a sum of strings.</summary>
[InterpolatedStringHandler]
internal ref struct InvariantText(int literalLength, int formattedCount)
{
    private DefaultInterpolatedStringHandler _text = new(literalLength, formattedCount, CultureInfo.InvariantCulture);

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted<T>(T value, string? format = null) => _text.AppendFormatted(value, format);

    public string ToStringAndClear() => _text.ToStringAndClear();
}
