namespace VariationalBoN;

/// <summary>Whether a setting of <see cref="TorchRuntime"/> is in effect, and if not, why. Immutable, thread-safe.</summary>
/// <param name="IsInEffect">Whether the setting is in effect in this process.</param>
/// <param name="Explanation">What is in effect, or why it is not: one sentence.</param>
public sealed record RuntimeSetting(bool IsInEffect, string Explanation)
{
    /// <summary>The explanation.</summary>
    public override string ToString() => Explanation;
}
