using System.Globalization;

namespace VariationalBoN.Training;

/// <summary>What stays fixed while an optimizer steps.</summary>
internal sealed record AdamSettings(string Name, double Beta1, double Beta2, double Epsilon, double WeightDecay)
{
    public bool IsDecoupled => Name == nameof(AdamW);

    /// <summary>Refuses settings out of range.</summary>
    public AdamSettings Checked()
    {
        Require(Beta1 >= 0 && Beta1 < 1, Beta1, "beta1", "in [0, 1)");
        Require(Beta2 >= 0 && Beta2 < 1, Beta2, "beta2", "in [0, 1)");
        RequireFinite(Epsilon, "epsilon");
        RequireFinite(WeightDecay, "weightDecay");
        return this;
    }

    public static void RequireFinite(double value, string name) =>
        Require(value >= 0 && double.IsFinite(value), value, name, "finite and at least 0");

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Name} with beta1 {Beta1}, beta2 {Beta2}, epsilon {Epsilon}, weight decay {WeightDecay}"
        );

    private static void Require(bool holds, double value, string name, string range)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, value, $"It must be {range}.");
    }
}
