namespace VariationalBoN.Losses;

/// <summary>What is subtracted from R_i = log g(y_i) - log pi_theta(y_i) to make the advantage A_i. Immutable, thread-safe.</summary>
/// <remarks>
/// The gradient of -(1/B) sum_i A_i log pi_theta(y_i) is unbiased for each baseline that does not depend on y_i: leave-one-out, none, and a
/// constant from earlier batches. The group mean includes y_i: the expected gradient of a group of K is exactly (K - 1) / K of the true
/// one, as if the group counted K - 1 instead of K. Among groups of one size that changes the step size alone; where exclusions leave
/// groups of different sizes it weights prompts, those with few completions less. The default value is leave-one-out. Objectives are known
/// up to a constant per prompt, which only the two group baselines remove.
/// </remarks>
public readonly record struct Baseline
{
    private Baseline(BaselineKind kind, double value) => (Kind, Value) = (kind, value);

    /// <summary>The mean of R over the other completions of the group. Unbiased, the default.</summary>
    public static Baseline LeaveOneOut => default;

    /// <summary>The mean of R over the group, y_i included: (K - 1) / K of the gradient of a group of K.</summary>
    public static Baseline GroupMean => new(BaselineKind.GroupMean, 0);

    /// <summary>Nothing. Unbiased, with the most variance.</summary>
    public static Baseline None => new(BaselineKind.Constant, 0);

    /// <summary>What is subtracted.</summary>
    internal BaselineKind Kind { get; }

    /// <summary>The constant, in nats; 0 for the other kinds.</summary>
    public double Value { get; }

    /// <summary>A number that does not depend on this batch, such as <see cref="RunningMean.Baseline"/>. Unbiased.</summary>
    /// <param name="value">The number, in nats.</param>
    /// <returns>The baseline.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is not finite.</exception>
    public static Baseline Constant(double value) =>
        double.IsFinite(value)
            ? new Baseline(BaselineKind.Constant, value)
            : throw new ArgumentOutOfRangeException(nameof(value), value, "A baseline must be a finite number.");
}
