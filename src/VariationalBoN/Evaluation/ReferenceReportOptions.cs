using VariationalBoN.Numerics;

namespace VariationalBoN.Evaluation;

/// <summary>Settings of a <see cref="ReferenceReport"/>. Immutable, thread-safe.</summary>
public sealed record ReferenceReportOptions
{
    /// <summary>N, the draws that one sample of the policy is to be worth; finite, at least 1.</summary>
    /// <value>Default 8.</value>
    public double N { get; init; } = 8;

    /// <summary>The largest n of the curve, at least 1; what the samples do not allow is left out.</summary>
    /// <value>Default 1024.</value>
    public int MaxN { get; init; } = 1024;

    /// <summary>Resamples, confidence and seed of the intervals; the seed also breaks ties of the calibration.</summary>
    /// <value>Default those of <see cref="BootstrapOptions"/>.</value>
    public BootstrapOptions Bootstrap { get; init; } = new();

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    internal void Validate()
    {
        BestOfNMath.CheckN(N);
        if (MaxN < 1)
            throw new ArgumentOutOfRangeException(nameof(MaxN), MaxN, "The largest n of the curve must be at least 1.");
        ArgumentNullException.ThrowIfNull(Bootstrap);
        Bootstrap.Validate();
    }
}
