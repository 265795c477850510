using SentimentControl.Reporting;

namespace VariationalBoN.Experiments.Grid;

/// <summary>One method at one setting, over seeds.</summary>
internal sealed class GridPoint(IReadOnlyList<MethodResult> results, int stopped, double drawn)
{
    public Method Method => results[0].Method;

    public double? N => results[0].N;

    public int Seeds => results.Count;

    /// <summary>How many of the runs the guard stopped.</summary>
    public int Stopped => stopped;

    /// <summary>Mean completions drawn during training.</summary>
    public double Drawn => drawn;

    public SeedMean Reward { get; } = SeedMean.Of(results.Select(result => result.Reward.Value));

    public SeedMean WinRate { get; } = SeedMean.Of(results.Select(result => result.WinRate.Value));

    public SeedMean Kl { get; } = SeedMean.Of(results.Select(result => result.Kl.Value));

    public SeedMean Length { get; } = SeedMean.Of(results.Select(result => result.Length.Value));

    public SeedMean Distinct { get; } = SeedMean.Of(results.Select(result => result.DistinctShare.Value));

    public SeedMean EffectiveN { get; } = SeedMean.Of(results.Select(result => result.EffectiveN.Value));

    public SeedMean Tokens { get; } = SeedMean.Of(results.Select(result => result.TokensGenerated.Value));

    /// <summary>KL(pi || pi_bon); null for literal Best-of-N and the reference.</summary>
    public SeedMean? Gap { get; } = results.All(result => result.ObjectiveGap is not null) ? SeedMean.Of(results.Select(result => result.ObjectiveGap!.Value.Value)) : null;

    /// <summary>Win rate minus that of Best-of-n (n real) at the same KL: how far under the best curve there is.</summary>
    public SeedMean AboveCurve { get; } = SeedMean.Of(results.Select(result => result.WinRate.Value - BestOfNCurve.WinRateAt(result.Kl.Value)));

    /// <summary>beta; null where there is none.</summary>
    public SeedMean? Beta { get; } = results.All(result => result.Beta is not null) ? SeedMean.Of(results.Select(result => result.Beta!.Value)) : null;
}
