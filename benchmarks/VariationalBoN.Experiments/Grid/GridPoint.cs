using SentimentControl.Reporting;
using VariationalBoN.Numerics;

namespace VariationalBoN.Experiments.Grid;

/// <summary>One method at one setting, over seeds.</summary>
internal sealed class GridPoint(IReadOnlyList<MethodResult> results, int stopped, double drawn, GridCosts? costs)
{
    public Method Method => results[0].Method;

    public double? N => results[0].N;

    public int Seeds => results.Count;

    /// <summary>How many of the runs the guard stopped.</summary>
    public int Stopped => stopped;

    /// <summary>Mean completions drawn during training.</summary>
    public double Drawn => drawn;

    /// <summary>Processor time; null where it was not measured.</summary>
    public GridCosts? Costs => costs;

    public SeedMean Reward { get; } = SeedMean.Of(results.Select(result => result.Reward.Value));

    public SeedMean WinRate { get; } = SeedMean.Of(results.Select(result => result.WinRate.Value));

    public SeedMean Kl { get; } = SeedMean.Of(results.Select(result => result.Kl.Value));

    public SeedMean Length { get; } = SeedMean.Of(results.Select(result => result.Length.Value));

    public SeedMean Distinct { get; } = SeedMean.Of(results.Select(result => result.DistinctShare.Value));

    public SeedMean EffectiveN { get; } = SeedMean.Of(results.Select(result => result.EffectiveN.Value));

    public SeedMean Tokens { get; } = SeedMean.Of(results.Select(result => result.TokensGenerated.Value));

    /// <summary>KL(pi || pi_bon); null for literal Best-of-N and the reference.</summary>
    public SeedMean? Gap { get; } =
        results.All(result => result.ObjectiveGap is not null)
            ? SeedMean.Of(results.Select(result => result.ObjectiveGap!.Value.Value))
            : null;

    /// <summary>The win rate of Best-of-n (n real) at the same KL, minus the win rate: how far under its curve.</summary>
    public SeedMean Distance { get; } =
        SeedMean.Of(results.Select(result => WinRateCurve.BestOfN(Math.Max(0, result.Kl.Value)) - result.WinRate.Value));

    /// <summary>The greatest win rate of any policy of the same KL, minus the win rate.</summary>
    public SeedMean CeilingDistance { get; } =
        SeedMean.Of(results.Select(result => WinRateCurve.Ceiling(Math.Max(0, result.Kl.Value)) - result.WinRate.Value));

    /// <summary>KL outside the distribution of F: at most so much changes no rank; null in records of earlier versions.</summary>
    public SeedMean? OutsideRanks { get; } =
        results.All(result => result.OutsideRanks is not null)
            ? SeedMean.Of(results.Select(result => result.OutsideRanks!.Value.Value))
            : null;

    /// <summary>beta; null where there is none.</summary>
    public SeedMean? Beta { get; } =
        results.All(result => result.Beta is not null) ? SeedMean.Of(results.Select(result => result.Beta!.Value)) : null;
}
