using System.Globalization;
using System.Text.Json.Serialization;
using SentimentControl.Reporting;
using VariationalBoN.Guidance;

namespace VariationalBoN.Experiments.Grid;

/// <summary>One fine-tuning run of the grid: its name is the name of its file.</summary>
/// <param name="Study">What it is for: grid, or one of <see cref="GridStudies"/>.</param>
/// <param name="Method">The method.</param>
/// <param name="N">N; for KL-constrained RL the N whose KL its beta is matched to.</param>
/// <param name="Seed">The seed of data, models, cache and training.</param>
/// <param name="Variation">What else is changed.</param>
internal sealed record GridRun(string Study, Method Method, int N, long Seed, Variation Variation)
{
    /// <summary>Expected time, one on-policy run of the default length being 1.</summary>
    public double Cost =>
        (Variation.StepsFactor ?? 1)
        * (Variation.BatchFactor ?? 1)
        * (Variation.Curve is true ? 2 : 1)
        * Method switch
        {
            Method.BestOfNSft
            or Method.WinnersSft
            or Method.BonBon
            or Method.Ipo
            or Method.Dpo
            or Method.Regression
            or Method.LogVariance => 0.6,
            Method.ClippedRatio or Method.GroupNormalised => 2.2,
            Method.Jeffreys => 1.5,
            Method.Iterated => 2.5,
            Method.Guided => 0.5,
            _ => (Variation.Lambda is null ? 1 : 1.5) + (3 * (Variation.Distilled ?? 0)),
        };

    /// <summary>Whether it uses a guided policy, to be measured or to learn from.</summary>
    [JsonIgnore]
    public bool IsGuided => Method == Method.Guided || (Variation.GuidedStart ?? Variation.Distilled) is not null;

    /// <summary>Whether it uses the value head of its seed, in a guided policy or for values alone.</summary>
    [JsonIgnore]
    public bool NeedsHead => IsGuided || Variation.Lambda is not null;

    /// <summary>What that head is trained with; null where it uses none.</summary>
    /// <param name="defaults">The defaults of the dataset.</param>
    public ValueHeadOptions? HeadOptions(ValueHeadOptions defaults) =>
        NeedsHead
            ? defaults with
            {
                Seed = Seed,
                ValueWeight = Variation.ValueWeight ?? defaults.ValueWeight,
                Epochs = Variation.HeadEpochs ?? defaults.Epochs,
                Width = Variation.HeadWidth ?? defaults.Width,
                Sums = Variation.HeadSums ?? defaults.Sums,
                Layers = Variation.HeadLayers ?? defaults.Layers,
                Lambda = Variation.HeadLambda ?? defaults.Lambda,
                Forgetting = Variation.HeadForgetting ?? defaults.Forgetting,
                Stages = Variation.HeadStages ?? defaults.Stages,
            }
            : null;

    /// <summary>How its guided policy treats the vocabulary; null for as the library of the time does by default, and where there is no
    /// guided policy.</summary>
    /// <param name="defaults">The defaults of the dataset.</param>
    public GuidanceOptions? GuidanceOptions(GuidanceOptions defaults)
    {
        GuidanceOptions own = Variation.GuidanceOptions(defaults);
        return IsGuided && own != new GuidanceOptions() ? own : null;
    }

    public string FileName =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Study}-{Method}-n{N}-{(Variation.Name.Length == 0 ? "" : $"{Plain(Variation.Name)}-")}seed{Seed}.json"
        );

    private static string Plain(string name) => name.Replace(", ", "_", StringComparison.Ordinal).Replace(' ', '_');
}
