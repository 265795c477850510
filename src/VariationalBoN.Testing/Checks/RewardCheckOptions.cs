using VariationalBoN.Rewards;

namespace VariationalBoN.Testing.Checks;

/// <summary>What <see cref="RewardCheck"/> is to check, on how many completions and how strictly.</summary>
/// <remarks>Immutable, thread-safe. Checked where it is used, all faults in one message.</remarks>
public sealed record RewardCheckOptions
{
    /// <summary>The table whose rewards are compared with live ones.</summary>
    /// <value>Default null: that check is skipped.</value>
    public ReferenceTable? Table { get; init; }

    /// <summary>How the rewards of <see cref="Table"/> were scored.</summary>
    /// <value>Default null: as by the defaults of <see cref="ScoringOptions"/>.</value>
    public ScoringOptions? Scoring { get; init; }

    /// <summary>k, how many samples of <see cref="Table"/> are scored again, spread over its prompts, at least 1.</summary>
    /// <value>Default 64.</value>
    public int RescoredSamples { get; init; } = 64;

    /// <summary>How many completions are scored one by one, at least 1: the most calls that a check costs.</summary>
    /// <value>Default 16.</value>
    public int SingleCalls { get; init; } = 16;

    /// <summary>The largest difference that counts as rounding, in standard deviations of the rewards; above 0.</summary>
    /// <value>Default 0.001.</value>
    public double Tolerance { get; init; } = 1e-3;

    /// <summary>The largest share of pairs of one prompt whose order may change between scorings; 0 to 1.</summary>
    /// <value>Default 0.01.</value>
    public double RankTolerance { get; init; } = 0.01;

    /// <summary>The largest share of prompts whose different texts may all have one reward; 0 to 1.</summary>
    /// <value>Default 0.5.</value>
    public double ZeroVarianceTolerance { get; init; } = 0.5;

    /// <summary>The largest share of pairs of different texts of one prompt with equal rewards; 0 to 1.</summary>
    /// <value>Default 0.9, which allows a yes-or-no judge.</value>
    public double TieTolerance { get; init; } = 0.9;

    /// <summary>Fixes the order in which completions are shuffled.</summary>
    /// <value>Default 0.</value>
    public long Seed { get; init; }

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        Require(RescoredSamples >= 1, $"RescoredSamples is {RescoredSamples}; it must be at least 1");
        Require(SingleCalls >= 1, $"SingleCalls is {SingleCalls}; it must be at least 1");
        Require(Tolerance > 0 && double.IsFinite(Tolerance), $"Tolerance is {Tolerance}; it must be above 0 and finite");
        Share(RankTolerance, nameof(RankTolerance));
        Share(ZeroVarianceTolerance, nameof(ZeroVarianceTolerance));
        Share(TieTolerance, nameof(TieTolerance));
        if (faults.Count > 0)
            throw new ArgumentException($"The reward check options are not usable: {string.Join("; ", faults)}.");
        Scoring?.Validate();

        void Share(double value, string name) => Require(value is >= 0 and <= 1, $"{name} is {value}; it must be 0 to 1");

        void Require(bool holds, FormattableString fault)
        {
            if (!holds)
                faults.Add(FormattableString.Invariant(fault));
        }
    }
}
