using System.Globalization;

namespace VariationalBoN;

/// <summary>
/// The value of a setting in a <see cref="ModelIdentity"/>: a text, a number, true or false, or another identity. Immutable, thread-safe.
/// </summary>
public readonly struct IdentityValue : IEquatable<IdentityValue>
{
    private readonly object? _value;

    private IdentityValue(object value) => _value = value;

    /// <summary>The identity within; null for any other kind.</summary>
    public ModelIdentity? Identity => _value as ModelIdentity;

    /// <summary>The value: a string, long, double, bool or <see cref="ModelIdentity"/>; an empty string for the default.</summary>
    internal object Value => _value ?? "";

    /// <summary>A text.</summary>
    /// <param name="value">The text.</param>
    public static implicit operator IdentityValue(string value) => new(value ?? throw new ArgumentNullException(nameof(value)));

    /// <summary>A whole number.</summary>
    /// <param name="value">The number.</param>
    public static implicit operator IdentityValue(long value) => new(value);

    /// <summary>A number.</summary>
    /// <param name="value">A finite number.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is NaN or infinite.</exception>
    public static implicit operator IdentityValue(double value) =>
        double.IsFinite(value)
            ? new(value)
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A setting of an identity must be finite.");

    /// <summary>Yes or no.</summary>
    /// <param name="value">The value.</param>
    public static implicit operator IdentityValue(bool value) => new(value);

    /// <summary>An identity within.</summary>
    /// <param name="value">The identity.</param>
    public static implicit operator IdentityValue(ModelIdentity value) => new(value ?? throw new ArgumentNullException(nameof(value)));

    /// <summary>Whether two settings are equal.</summary>
    /// <param name="left">A setting.</param>
    /// <param name="right">A setting.</param>
    public static bool operator ==(IdentityValue left, IdentityValue right) => left.Equals(right);

    /// <summary>Whether two settings differ.</summary>
    /// <param name="left">A setting.</param>
    /// <param name="right">A setting.</param>
    public static bool operator !=(IdentityValue left, IdentityValue right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(IdentityValue other) => Value.Equals(other.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IdentityValue other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();

    /// <summary>The value as text.</summary>
    /// <returns>Numbers with all their digits.</returns>
    public override string ToString() =>
        Value switch
        {
            bool yes => yes ? "yes" : "no",
            double number => number.ToString("R", CultureInfo.InvariantCulture),
            var other => Convert.ToString(other, CultureInfo.InvariantCulture)!,
        };
}
