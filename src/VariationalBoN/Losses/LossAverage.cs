namespace VariationalBoN.Losses;

/// <summary>What a loss is the average over: the weight of a part of a batch when its gradient is accumulated part by part.</summary>
/// <remarks>
/// A part of b of the B completions, in h of the G groups, counts b / B in the one case and h / G in the other. The two
/// agree only where all groups are of one size, so each loss says which it is, such as <see cref="ScoreFunction.Average"/>.
/// </remarks>
public enum LossAverage
{
    /// <summary>The mean over completions, each with the same weight.</summary>
    Completions,

    /// <summary>The mean over groups, each with the same weight whatever its size.</summary>
    Groups,
}
